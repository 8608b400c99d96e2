import DequeModule
import FoundationEssentials
import GatewayCore
import HeapModule
import Synchronization

/// Something that advances step by step.
protocol Stepping: Sendable {
    /// Calls `wake` at each change that begins a step, as long as the returned values exist.
    func observe(_ wake: @escaping @Sendable () -> Void) -> [ChangeSignal.Observation]

    /// One step; returns when the next one follows.
    func step() async -> StepTime
}

/// Repeats the steps of many items, each in its own time. An item that waits is an entry here and no task, so that
/// thousands of them need little memory. Steps of different items run at the same time, up to a number, so that an outage
/// does not let thousands of requests wait at once; those of one item do not.
final class StepQueue<Item: Stepping>: Sendable {
    private enum Stage {
        /// Until that time, in monotonic seconds, or a change.
        case waiting(until: Double)
        case ready
        case running
        /// Something has changed since the step began.
        case outdated
        case ended
    }

    /// When the queue looks at an item. The look of an item that has stepped earlier is left in place.
    private struct Look: Comparable {
        let time: Double
        let item: Int

        static func < (one: Look, other: Look) -> Bool { (one.time, one.item) < (other.time, other.item) }
    }

    private struct State {
        var stages: [Stage]
        /// In the order in which they have become ready.
        var ready: Deque<Int> = []
        var running = 0
        var looks = Heap<Look>()
        /// The earliest look of each item.
        var nextLook: [Double]
    }

    private let items: [Item]
    private let scheduler: Scheduler
    private let state: Mutex<State>
    /// An item is ready, or due earlier than the queue waits.
    private let signal = ChangeSignal()

    /// How many steps run at the same time. A step has a few requests, and each ends after 10 s without an answer: 5,000
    /// items of which none gets one have their turns within minutes.
    static var maximumSteps: Int { 256 }

    /// - Parameter begins: seconds from the start to the first step of the item with that index.
    init(_ items: [Item], scheduler: Scheduler, begins: (Int) -> Double = { _ in 0 }) {
        self.items = items
        self.scheduler = scheduler
        var state = State(
            stages: Array(repeating: .running, count: items.count),
            nextLook: Array(repeating: .infinity, count: items.count))
        let now = scheduler.monotonic()
        for item in items.indices { Self.wait(item, until: now + begins(item), in: &state) }
        self.state = Mutex(state)
    }

    /// Runs until the task is cancelled.
    func run() async {
        let observations = items.indices.map { item in
            items[item].observe { [weak self] in self?.wake(item) }
        }
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                // Before the look, so that no change is missed.
                let changes = signal.changes()
                let (ready, pause) = take(at: scheduler.monotonic())
                for item in ready {
                    group.addTask { self.finish(item, await self.items[item].step()) }
                }
                await scheduler.wait(pause, or: [changes])
            }
        }
        withExtendedLifetime(observations) {}
    }

    /// Takes the items that are ready or due, as many as may step.
    ///
    /// - Returns: seconds until the next one is due; nil where none is.
    private func take(at now: Double) -> (ready: [Int], pause: Double?) {
        state.withLock { state in
            while let look = state.looks.min, look.time <= now {
                state.looks.removeMin()
                let item = look.item
                if state.nextLook[item] == look.time { state.nextLook[item] = .infinity }
                guard case .waiting(let time) = state.stages[item] else { continue }
                if time <= now {
                    state.stages[item] = .ready
                    state.ready.append(item)
                } else {
                    Self.wait(item, until: time, in: &state)
                }
            }
            let ready = Array(state.ready.prefix(Self.maximumSteps - state.running))
            state.ready.removeFirst(ready.count)
            for item in ready { state.stages[item] = .running }
            state.running += ready.count
            return (ready, state.looks.min.map { max(0, $0.time - now) })
        }
    }

    /// Begins the item's next step, at once or after the one that runs.
    private func wake(_ item: Int) {
        let isReady = state.withLock { state in
            switch state.stages[item] {
            case .waiting:
                state.stages[item] = .ready
                state.ready.append(item)
                return true
            case .running: state.stages[item] = .outdated
            case .ready, .outdated, .ended: break
            }
            return false
        }
        if isReady { signal.send() }
    }

    private func finish(_ item: Int, _ next: StepTime) {
        let now = scheduler.monotonic()
        let due: Double? =
            switch next {
            case .atOnce: now
            case .after(let seconds): now + seconds
            case .at(let time): time.map { now + max(0, $0.timeIntervalSince(scheduler.now())) } ?? .infinity
            case .never: nil
            }
        let mustLook = state.withLock { state in
            state.running -= 1
            let isOutdated = if case .outdated = state.stages[item] { true } else { false }
            let earliest = state.looks.min?.time ?? .infinity
            if let due {
                Self.wait(item, until: isOutdated ? now : due, in: &state)
            } else {
                state.stages[item] = .ended
            }
            return !state.ready.isEmpty || (state.looks.min?.time ?? .infinity) < earliest
        }
        if mustLook { signal.send() }
    }

    private static func wait(_ item: Int, until time: Double, in state: inout State) {
        state.stages[item] = .waiting(until: time)
        guard time < state.nextLook[item] else { return }
        state.nextLook[item] = time
        state.looks.insert(Look(time: time, item: item))
    }
}
