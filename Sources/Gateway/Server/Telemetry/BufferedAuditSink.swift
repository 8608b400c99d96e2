import Dispatch
package import FoundationEssentials
package import GatewayCore
import JSON
import ServiceLifecycle
import Synchronization

/// Writes audit records as JSON lines, in their order and from a thread of its own: no request waits for the output.
///
/// The buffer is bounded, and a record that finds it full is dropped and counted. A record of somebody of whom nothing
/// is proved finds it full at half its size, so that garbage from the network cannot push out what is known of others.
/// The line after a loss says how many records are missing (`docs/audit.md`).
package final class BufferedAuditSink: AuditSink, Service {
    /// Records that may wait; those that are being written are not among them.
    package static let standardCapacity = 8192

    /// What waits to be written.
    private enum Entry {
        case decision(AuditRecord)
        case publication(JSONValue)

        var json: JSONValue {
            switch self {
            case .decision(let record): record.json
            case .publication(let json): json
            }
        }
    }

    private struct State {
        var records: [Entry] = []
        /// Dropped since the last batch was taken.
        var lost = 0
        /// Whether the queue is to write, or does.
        var isBusy = false
        /// Whether the end of the process no longer waits.
        var isAbandoned = false
        /// Who waits for the queue to have nothing more to write.
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let capacity: Int
    private let drainTime: Duration
    private let metrics: GatewayMetrics
    private let clock: @Sendable () -> Date
    private let write: @Sendable (String) -> Bool
    private let queue = DispatchQueue(label: "sts-gateway.audit")
    private let state = Mutex(State())

    /// - Parameters:
    ///   - drainTime: how long the end of the process waits for an output that takes nothing.
    ///   - clock: for the line that tells a loss.
    ///   - write: takes whole lines with their ends and may block; false where they were not written. Calls come one
    ///     at a time.
    package init(
        capacity: Int = standardCapacity, drainTime: Duration = .seconds(5), metrics: GatewayMetrics,
        clock: @escaping @Sendable () -> Date, write: @escaping @Sendable (String) -> Bool
    ) {
        self.capacity = capacity
        self.drainTime = drainTime
        self.metrics = metrics
        self.clock = clock
        self.write = write
    }

    package func record(_ record: AuditRecord) {
        self.record(.decision(record), room: record.attributes == nil ? capacity / 2 : capacity)
    }

    package func record(_ record: PublicationRecord) {
        if let json = record.json { self.record(.publication(json), room: capacity) }
    }

    private func record(_ record: Entry, room: Int) {
        let (isKept, wakes) = state.withLock { state in
            let isKept = state.records.count < room
            if isKept { state.records.append(record) } else { state.lost += 1 }
            defer { state.isBusy = true }
            return (isKept, !state.isBusy)
        }
        if wakes { queue.async { self.writeAll() } }
        if !isKept { metrics.audited(.dropped) }
    }

    /// Waits for the end of the process, and then for what is left to be written. It belongs before the listeners in a
    /// service group, so that it is stopped after them.
    package func run() async {
        // Cancelled where the process ends at once; then nothing is waited for.
        try? await gracefulShutdown()
        await withTaskGroup { group in
            group.addTask { await self.untilIdle() }
            group.addTask {
                try? await Task.sleep(for: self.drainTime)
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
        while let (records, lost) = nextBatch() {
            var lines = records.map { $0.json.text + "\n" }
            if lost > 0 { lines.append(AuditRecord.gap(lost: lost, at: clock()).text + "\n") }
            metrics.audited(write(lines.joined()) ? .written : .failed, count: records.count)
        }
        release()
    }

    private func nextBatch() -> (records: [Entry], lost: Int)? {
        state.withLock { state in
            guard !state.records.isEmpty || state.lost > 0 else {
                state.isBusy = false
                return nil
            }
            defer {
                state.records = []
                state.lost = 0
            }
            return (state.records, state.lost)
        }
    }
}
