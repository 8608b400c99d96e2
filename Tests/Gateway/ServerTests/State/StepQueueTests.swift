import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The steps of many items", .hangs)
struct StepQueueTests {
    /// Returns the prepared times, one for each step, then nil.
    private final class Item: Stepping {
        private struct State {
            var times: [StepTime]
            var steps: [Double] = []
            var isStepping = false
        }

        private let state: Mutex<State>
        private let monotonic: @Sendable () -> Double
        /// Called within each step.
        private let during: @Sendable (_ step: Int, _ item: Item) async -> Void
        let changed = ChangeSignal()
        let stepped = ChangeSignal()

        init(
            _ times: [StepTime], _ monotonic: @escaping @Sendable () -> Double,
            during: @escaping @Sendable (_ step: Int, _ item: Item) async -> Void = { _, _ in }
        ) {
            state = Mutex(State(times: times))
            self.monotonic = monotonic
            self.during = during
        }

        /// When each step began, in monotonic seconds.
        var steps: [Double] { state.withLock { $0.steps } }

        func observe(_ wake: @escaping @Sendable () -> Void) -> [ChangeSignal.Observation] { [changed.observe(wake)] }

        func step() async -> StepTime {
            let (number, time) = state.withLock { state -> (Int, StepTime) in
                #expect(!state.isStepping)
                state.isStepping = true
                state.steps.append(monotonic())
                return (state.steps.count, state.times.isEmpty ? .at(nil) : state.times.removeFirst())
            }
            await during(number, self)
            state.withLock { $0.isStepping = false }
            stepped.send()
            return time
        }

        /// Returns when the item has done this many steps.
        func until(_ count: Int) async {
            while !Task.isCancelled {
                let steps = stepped.changes()
                if state.withLock({ $0.steps.count >= count && !$0.isStepping }) { return }
                for await _ in steps { break }
            }
        }
    }

    private let time = TestScheduler()

    private func running(
        _ items: [Item], begins: (Int) -> Double = { _ in 0 }, _ body: () async throws -> Void
    ) async rethrows {
        let queue = StepQueue(items, scheduler: time.scheduler, begins: begins)
        try await FakeCluster.running({ await queue.run() }, body)
    }

    private func item(_ times: StepTime...) -> Item { Item(times, time.scheduler.monotonic) }

    @Test("Each item steps in its own time")
    func times() async {
        let items = [item(.after(10), .after(10)), item(.at(time.now.addingTimeInterval(15))), item(.at(nil))]
        await running(items) {
            for item in items { await item.until(1) }
            for (wait, index, count) in [(10.0, 0, 2), (5, 1, 2), (5, 0, 3)] {
                await time.waitForSleeper { $0 == wait }
                time.advance(by: wait)
                await items[index].until(count)
            }
        }
        #expect(items.map(\.steps) == [[0, 10, 20], [0, 15], [0]])
    }

    @Test("An item steps at once as often as it wants to, and never again after its end")
    func atOnce() async {
        let item = item(.atOnce, .at(.distantPast), .after(-1), .never)
        let other = self.item()
        await running([item, other]) {
            await item.until(4)
            item.changed.send()
            other.changed.send()
            await other.until(2)
        }
        #expect(item.steps.count == 4)
    }

    @Test("A change begins the step of its item early, whatever the item waits for")
    func changes() async {
        let items = [item(.after(10), .after(30)), item(.after(30))]
        await running(items) {
            for item in items { await item.until(1) }
            await time.waitForSleeper { $0 == 10 }
            time.pass(4)
            items[0].changed.send()
            await items[0].until(2)
            // At the time that the first step has asked for, the queue finds nothing due.
            for (wait, index, count) in [(6.0, 0, 2), (20, 1, 2), (4, 0, 3)] {
                await time.waitForSleeper { $0 == wait }
                time.advance(by: wait)
                await items[index].until(count)
            }
        }
        #expect(items.map(\.steps) == [[0, 4, 34], [0, 30]])
    }

    @Test("A change during a step begins another one after it, also several changes")
    func changeDuringStep() async {
        let item = Item([], time.scheduler.monotonic) { step, item in
            guard step == 1 else { return }
            for _ in 0..<3 { item.changed.send() }
        }
        let other = self.item()
        await running([item, other]) {
            await item.until(2)
            other.changed.send()
            await other.until(2)
        }
        #expect(item.steps.count == 2)
    }

    @Test("A step that takes long delays no other item")
    func concurrency() async {
        let other = item()
        let item = Item([], time.scheduler.monotonic) { _, _ in await other.until(3) }
        await running([item, other]) {
            for count in 1...2 {
                await other.until(count)
                other.changed.send()
            }
            await item.until(1)
        }
        #expect(other.steps.count == 3)
    }

    @Test("A bounded number of steps runs at the same time; the others begin in order as those end")
    func bound() async {
        let maximum = StepQueue<Item>.maximumSteps
        let go = ChangeSignal()
        let began = Mutex<[Int]>([])
        let gate = (0..<maximum + 2).map { _ in go.changes() }
        let items = gate.enumerated().map { index, gate in
            Item([], time.scheduler.monotonic) { _, _ in
                began.withLock { $0.append(index) }
                for await _ in gate { break }
            }
        }
        let last = self.item()
        await running(items + [last]) {
            // The queue waits only for a step to end.
            while began.withLock({ $0.count }) < maximum { await Task.yield() }
            #expect(Set(began.withLock { $0 }) == Set(0..<maximum) && last.steps.isEmpty)
            go.send()
            await last.until(1)
            for item in items { await item.until(1) }
        }
    }

    @Test("Items begin when they may, and a cancellation ends all steps")
    func begins() async {
        let items = (0..<3).map { _ in
            Item([], time.scheduler.monotonic) { step, item in if step == 2 { await item.until(.max) } }
        }
        await running(items, begins: { Double($0) * 2 }) {
            await items[0].until(1)
            for item in items.dropFirst() {
                await time.waitForSleeper { $0 == 2 }
                time.advance(by: 2)
                await item.until(1)
            }
            items[0].changed.send()
        }
        #expect(items.map { $0.steps[0] } == [0, 2, 4])
    }

    @Test("Each of thousands of items steps at its times")
    func many() async {
        let waits = (0..<2_000).map { index in [Double(index % 7), Double(index % 5)] }
        let items = waits.map { item(.after($0[0]), .after($0[1]), .never) }
        await running(items) {
            for second in 0...10 {
                for (item, waits) in zip(items, waits) {
                    await item.until([0, waits[0], waits[0] + waits[1]].count { $0 <= Double(second) })
                }
                time.advance(by: 1)
            }
        }
        for (item, waits) in zip(items, waits) { #expect(item.steps == [0, waits[0], waits[0] + waits[1]]) }
    }
}
