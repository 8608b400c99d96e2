package import FoundationEssentials
import GatewayCore
import JSON
import Synchronization

/// Writes the lines of the log from a thread of its own, so that no request waits for an output that takes nothing.
///
/// The buffer is bounded. A line that finds it full is dropped and counted, and the next line that is written says how
/// many are missing.
package final class BufferedLogOutput: Sendable {
    /// Lines that may wait.
    package static let standardCapacity = 8192

    private let capacity: Int
    private let writer: BoundedWriter<String>
    private let dropped = Mutex(0)

    /// - Parameters:
    ///   - clock: for the line that reports a loss.
    ///   - write: takes whole lines with their ends and may block. Calls come one at a time.
    package init(
        capacity: Int = standardCapacity, clock: @escaping @Sendable () -> Date,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.capacity = capacity
        writer = BoundedWriter(label: "sts-gateway.log") { lines, lost in
            write(lines.joined() + (lost > 0 ? Self.gap(lost, at: clock()) : ""))
        }
    }

    /// - Parameter line: whole, with its end.
    package func write(_ line: String) {
        if !writer.append(line, room: capacity) { dropped.withLock { $0 += 1 } }
    }

    /// Lines that were dropped since the last call.
    package func takeDroppedLines() -> Int {
        dropped.withLock { count in
            defer { count = 0 }
            return count
        }
    }

    /// Returns once everything is written, or after that time where the output takes nothing.
    package func drain(for time: Duration) async { await writer.drain(for: time) }

    private static func gap(_ lost: Int, at now: Date) -> String {
        let record: JSONValue = [
            "time": .string(Timestamp.text(now)),
            "level": "warning", "logger": "sts-gateway", "message": "log lines dropped",
            "code": .string(ErrorCode.logLinesDropped.rawValue), "lines": .integer(lost),
        ]
        return record.line
    }
}
