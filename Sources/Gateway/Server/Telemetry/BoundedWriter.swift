import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes entries in their order, from a thread of its own, so that no request waits for the output. The buffer is
/// bounded: an entry that finds it full is dropped and counted.
final class BoundedWriter<Entry: Sendable>: Sendable {
    private struct State {
        var entries: [Entry] = []
        /// Dropped since the last batch was taken.
        var lost = 0
        /// Whether the queue is to write, or does.
        var isBusy = false
        /// Whether ``drain(for:)`` no longer waits.
        var isAbandoned = false
        /// Who waits for the queue to have nothing more to write.
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let write: @Sendable ([Entry], Int) -> Void
    private let queue: DispatchQueue
    private let state = Mutex(State())

    /// - Parameters:
    ///   - label: of the queue.
    ///   - write: takes a batch and the number of entries that were dropped after it; may block. Calls come one at a
    ///     time.
    init(label: String, write: @escaping @Sendable ([Entry], Int) -> Void) {
        queue = DispatchQueue(label: label)
        self.write = write
    }

    /// - Parameter room: entries that may wait; those that are being written are not among them.
    /// - Returns: false where the entry was dropped.
    func append(_ entry: Entry, room: Int) -> Bool {
        let (isKept, wakes) = state.withLock { state in
            let isKept = state.entries.count < room
            if isKept { state.entries.append(entry) } else { state.lost += 1 }
            defer { state.isBusy = true }
            return (isKept, !state.isBusy)
        }
        if wakes { queue.async { self.writeAll() } }
        return isKept
    }

    /// Returns once everything is written, or after that time where the output takes nothing.
    func drain(for time: Duration) async {
        await withTaskGroup { group in
            group.addTask { await self.untilIdle() }
            group.addTask {
                try? await Task.sleep(for: time)
                self.state.withLock { $0.isAbandoned = true }
                self.release()
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func untilIdle() async {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                let waits = state.isBusy && !state.isAbandoned
                if waits { state.waiter = continuation }
                return waits
            }
            if !waits { continuation.resume() }
        }
    }

    private func release() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private func writeAll() {
        // Where all cores are busy, those who append go on first, so that a batch has the entries of several requests and
        // not each request two changes of threads.
        sched_yield()
        while let (entries, lost) = nextBatch() { write(entries, lost) }
        release()
    }

    private func nextBatch() -> (entries: [Entry], lost: Int)? {
        state.withLock { state in
            guard !state.entries.isEmpty || state.lost > 0 else {
                state.isBusy = false
                return nil
            }
            defer {
                state.entries = []
                state.lost = 0
            }
            return (state.entries, state.lost)
        }
    }
}
