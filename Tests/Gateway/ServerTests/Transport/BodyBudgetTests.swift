import Synchronization
import Testing

@testable import GatewayServer

@Suite("The budget of bodies in flight")
struct BodyBudgetTests {
    /// Seconds that a test sets, and the bodies that were given up.
    private final class Trial: Sendable {
        let time = Mutex(0.0)
        let givenUp = Mutex<[String]>([])

        var names: [String] { givenUp.withLock { $0 } }

        func budget(_ bytes: Int) -> BodyBudget { BodyBudget(bytes: bytes) { self.time.withLock { $0 } } }

        func begin(_ name: String, in budget: BodyBudget) -> BodyBudget.ID {
            budget.begin { self.givenUp.withLock { $0.append(name) } }
        }
    }

    private static let large = BodyBudget.smallBytes + 1
    private let trial = Trial()

    @Test("A listener has three quarters, all of them together have the whole, and what is given back is free")
    func shares() {
        let whole = trial.budget(100)
        let (tokens, webhook) = (whole.share(), whole.share())
        let (one, two) = (trial.begin("one", in: tokens), trial.begin("two", in: webhook))
        #expect(tokens.take(75, for: one))
        #expect(!tokens.take(1, for: one))
        #expect(webhook.take(25, for: two), "no listener takes everything from the others")
        #expect(!webhook.take(1, for: two))
        #expect(webhook.usedBytes == 25, "what was not taken is not counted")
        #expect(tokens.complete(one) == 75)
        tokens.give(back: 75)
        #expect(webhook.take(50, for: two))
        #expect(whole.usedBytes == 75)
        #expect(trial.names.isEmpty)
    }

    @Test("Small bodies that do not arrive within a second make room, the oldest first")
    func patience() {
        let budget = trial.budget(100)
        let held = ["old", "newer"].map { name in
            let id = trial.begin(name, in: budget)
            trial.time.withLock { $0 += 0.1 }
            return id
        }
        #expect(held.allSatisfy { budget.take(50, for: $0) })
        let next = trial.begin("next", in: budget)
        #expect(!budget.take(10, for: next), "a small body has a second to arrive")
        trial.time.withLock { $0 = 1 }
        #expect(budget.take(10, for: next))
        #expect(trial.names == ["old"])
        #expect(budget.usedBytes == 60)
        #expect(!budget.take(1, for: held[0]) && budget.complete(held[0]) == nil, "it was given up")
        #expect(budget.complete(held[1]) == 50)
    }

    @Test("Large unfinished bodies make room for small ones at once, and complete ones never")
    func large() {
        let budget = trial.budget(2 * Self.large)
        let held = ["complete", "large"].map { trial.begin($0, in: budget) }
        #expect(held.allSatisfy { budget.take(Self.large, for: $0) })
        #expect(budget.complete(held[0]) == Self.large)
        let other = trial.begin("other", in: budget)
        #expect(!budget.take(Self.large, for: other), "not for another large one")
        let small = trial.begin("small", in: budget)
        #expect(budget.take(10, for: small))
        #expect(trial.names == ["large"])
        #expect(budget.usedBytes == Self.large + 10)
    }
}
