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

    @Test("The small body that began first makes room for another one, at once")
    func small() {
        let budget = trial.budget(100)
        let held = ["first", "second"].map { trial.begin($0, in: budget) }
        #expect(held.allSatisfy { budget.take(50, for: $0) })
        let next = trial.begin("next", in: budget)
        #expect(budget.take(10, for: next))
        #expect(trial.names == ["first"])
        #expect(budget.usedBytes == 60)
        #expect(!budget.take(1, for: held[0]) && budget.complete(held[0]) == nil, "it was given up")
        #expect(budget.complete(held[1]) == 50)
        #expect(!budget.take(51, for: next), "nothing else is unfinished")
    }

    @Test("However many unfinished bodies come, one that arrives meanwhile is complete before its turn")
    func flood() {
        let budget = trial.budget(1_000)
        for _ in 0..<10_000 {
            let id = trial.begin("flood", in: budget)
            #expect(budget.take(10, for: id))
        }
        let id = trial.begin("other", in: budget)
        #expect(budget.take(10, for: id))
        for _ in 0..<98 {
            let id = trial.begin("flood", in: budget)
            #expect(budget.take(10, for: id))
        }
        #expect(budget.complete(id) == 10)
        #expect(trial.names.count == 10_000 + 99 - 100)
        #expect(budget.usedBytes == 1_000)
    }

    @Test("A large body makes room for itself only at the cost of those that have had a second")
    func patience() {
        let budget = trial.budget(2 * Self.large)
        let held = trial.begin("held", in: budget)
        #expect(budget.take(Self.large, for: held))
        let next = trial.begin("next", in: budget)
        #expect(budget.take(Self.large, for: next))
        #expect(!budget.take(1, for: next))
        trial.time.withLock { $0 = 1 }
        #expect(budget.take(1, for: next))
        #expect(trial.names == ["held"])
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
