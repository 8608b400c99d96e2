import GatewayPluginAPI
import Synchronization
import Testing

/// A step whose resource is a number that each change increments.
private final class CountingStep: ProvisioningStep {
    struct State {
        var value = 0
        var errors: [ProvisioningError] = []
        var polls = 0
        var inspections = 0
        /// Changes whose response is lost.
        var lost = 0
    }

    let id: String
    let title = "number"
    let wanted: Int
    let state = Mutex(State())

    init(_ id: String = "count", wanted: Int = 1) {
        self.id = id
        self.wanted = wanted
    }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (value, polls) = state.withLock { state in
            state.inspections += 1
            if state.value >= wanted { state.polls -= 1 }
            return (state.value, state.polls)
        }
        let changes = (value..<max(value, wanted)).map { number in
            ProvisioningChange("set \(number + 1)", request: "PUT \(number + 1)") { () throws(ProvisioningError) in
                let error = self.state.withLock { state -> ProvisioningError? in
                    if !state.errors.isEmpty { return state.errors.removeFirst() }
                    state.value += 1
                    guard state.lost > 0 else { return nil }
                    state.lost -= 1
                    return ProvisioningError(.transient, "no answer in time")
                }
                if let error { throw error }
            }
        }
        return ProvisioningFinding(
            existing: "\(value)", changes: changes, waiting: changes.isEmpty && polls > 0 ? "polling" : nil)
    }

    var value: Int { state.withLock { $0.value } }
}

@Suite struct ProvisioningTests {
    private final class Record: Sendable {
        let events = Mutex<[Provisioning.Event]>([])
        let pauses = Mutex<[Int]>([])
    }

    private let record = Record()

    private func provisioning(_ steps: CountingStep..., only: String? = nil) -> Provisioning {
        Provisioning(
            steps: steps, only: only, sleep: { [record] seconds in record.pauses.withLock { $0.append(seconds) } },
            report: { [record] event in record.events.withLock { $0.append(event) } })
    }

    @Test func `Steps are applied in order, and a second run changes nothing`() async throws {
        let (first, second) = (CountingStep("one", wanted: 2), CountingStep("two"))
        #expect(try await provisioning(first, second).apply() == 3)
        #expect([first.value, second.value] == [2, 1])
        #expect(try await provisioning(first, second).apply() == 0)
        #expect(
            record.events.withLock { $0.prefix(4) } == [
                .began(id: "one", title: "number"), .changed("set 1"), .changed("set 2"), .completed(id: "one", "2"),
            ])
    }

    @Test func `A plan changes nothing`() async throws {
        let step = CountingStep(wanted: 2)
        let plan = await provisioning(step).plan()
        #expect(try plan.first?.finding.get().changes.map(\.title) == ["set 1", "set 2"])
        #expect(step.value == 0)
    }

    @Test func `A change whose response was lost is not made twice`() async throws {
        let step = CountingStep(wanted: 3)
        step.state.withLock { $0.lost = 1 }
        try await provisioning(step).apply()
        #expect(step.value == 3)
    }

    @Test func `A transient failure is repeated with longer pauses, then given up`() async throws {
        let step = CountingStep()
        step.state.withLock { $0.errors = [.init(.transient, "slow"), .init(.transient, "slow", retryAfter: 9)] }
        try await provisioning(step).apply()
        #expect(record.pauses.withLock { $0 } == [2, 9])
        let lasting = CountingStep()
        lasting.state.withLock { $0.errors = Array(repeating: .init(.transient, "slow"), count: 100) }
        let error = await #expect(throws: ProvisioningError.self) { try await provisioning(lasting).apply() }
        #expect(error?.message == "count: slow")
    }

    @Test func `A permanent failure ends the run before the next step`() async throws {
        let (first, second) = (CountingStep("one"), CountingStep("two"))
        first.state.withLock { $0.errors = [.init(.permanent, "denied")] }
        let error = await #expect(throws: ProvisioningError.self) { try await provisioning(first, second).apply() }
        #expect(error?.message == "one: denied")
        #expect(second.state.withLock { $0.inspections } == 0)
    }

    @Test func `A state that is not finished is polled`() async throws {
        let step = CountingStep()
        step.state.withLock { $0.polls = 3 }
        try await provisioning(step).apply()
        #expect(record.events.withLock { $0.filter { $0 == .waiting("polling") }.count } == 2)
    }

    @Test func `Only the named step is applied, and only after the earlier ones`() async throws {
        let (first, second, third) = (CountingStep("one"), CountingStep("two"), CountingStep("three"))
        let error = await #expect(throws: ProvisioningError.self) {
            try await provisioning(first, second, third, only: "two").apply()
        }
        #expect(error?.message.hasPrefix("one: not complete") == true)
        first.state.withLock { $0.value = 1 }
        #expect(try await provisioning(first, second, third, only: "two").apply() == 1)
        #expect([second.value, third.value] == [1, 0])
    }

    @Test func `Differences are lines as those of diff`() {
        #expect(ProvisioningChange.differences(from: "a\nb\nc", to: "a\nx\nc") == ["  a", "- b", "+ x", "  c"])
    }
}
