package import FoundationEssentials
package import GatewayCore
import JSON
import ServiceLifecycle

/// Writes audit records as JSON lines, in order and from a separate thread, so that requests do not wait for the
/// output.
///
/// The buffer is bounded, and a record that finds it full is dropped and counted. A record about a caller who is not
/// authenticated finds it full at half its size, so that garbage from the network cannot push out the records of others.
/// The line after a loss says how many records are missing (`docs/audit.md`).
package final class BufferedAuditSink: AuditSink, Service {
    /// The maximum number of buffered records, not counting those that are being written.
    package static let standardCapacity = 8192

    /// A buffered record.
    private enum Entry {
        case decision(AuditRecord)
        case publication(JSONValue)

        func writeLine(to output: inout JSONWriter) {
            switch self {
            case .decision(let record): record.writeLine(to: &output)
            case .publication(let json): output.line(json)
            }
        }
    }

    private let capacity: Int
    private let drainTime: Duration
    private let metrics: GatewayMetrics
    private let writer: BoundedWriter<Entry>

    /// - Parameters:
    ///   - drainTime: how long the end of the process waits for an output that takes nothing.
    ///   - clock: for the line that reports a loss.
    ///   - write: takes whole lines with their ends in UTF-8 and may block; false where they were not written. Calls come one
    ///     at a time.
    package init(
        capacity: Int = standardCapacity, drainTime: Duration = .seconds(5), metrics: GatewayMetrics,
        clock: @escaping @Sendable () -> Date, write: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.capacity = capacity
        self.drainTime = drainTime
        self.metrics = metrics
        writer = BoundedWriter(label: "sts-gateway.audit") { records, lost in
            var output = JSONWriter(capacity: 1_024 * records.count)
            for record in records { record.writeLine(to: &output) }
            if lost > 0 { output.line(AuditRecord.gap(lost: lost, at: clock())) }
            metrics.audited(write(output.utf8Text) ? .written : .failed, count: records.count)
        }
    }

    package func record(_ record: AuditRecord) {
        self.record(.decision(record), room: record.isAuthenticated ? capacity : capacity / 2)
    }

    package func record(_ record: PublicationRecord) {
        if let json = record.json { self.record(.publication(json), room: capacity) }
    }

    private func record(_ record: Entry, room: Int) {
        if !writer.append(record, room: room) { metrics.audited(.dropped) }
    }

    /// Waits for the shutdown, and then until the buffer is written. It precedes the listeners in a service group, so
    /// that it is stopped after them.
    package func run() async {
        // Where the shutdown is not graceful, the task is cancelled and does not wait.
        try? await gracefulShutdown()
        await writer.drain(for: drainTime)
    }
}
