package import FoundationEssentials
package import GatewayCore
package import Logging
import Synchronization

/// The latest kinds of log records of level `warning` and above, in bounded memory, for `/status`.
package final class RecentFailures: Sendable {
    /// Kinds that are kept; the one that happened longest ago is dropped.
    static let capacity = 50
    /// Characters of a reason that are kept.
    static let maximumReason = 1_000

    private let clock: @Sendable () -> Date
    private let failures = Mutex<[StatusReport.Failure]>([])

    package init(clock: @escaping @Sendable () -> Date) { self.clock = clock }

    /// The latest first.
    package var all: [StatusReport.Failure] { failures.withLock { $0 }.sorted { $0.last > $1.last } }

    /// Records of one message, code and endpoint are counted together; the last reason is kept.
    package func record(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        guard level >= .warning else { return }
        let now = clock()
        let (code, endpoint) = (Self.text(metadata["code"]), Self.text(metadata["endpoint"]))
        let text = ["reason", "problem", "changed"].lazy.compactMap { Self.text(metadata[$0]) }.first
        let reason = text.map { text in code.flatMap { ErrorCode(rawValue: $0) }?.beginning(of: text) ?? text }
        failures.withLock { failures in
            if let index = failures.firstIndex(where: {
                $0.message == message && $0.code == code && $0.endpoint == endpoint
            }) {
                failures[index].level = level.rawValue
                failures[index].reason = reason
                failures[index].last = now
                failures[index].count += 1
                return
            }
            if failures.count >= Self.capacity,
                let oldest = failures.indices.min(by: { failures[$0].last < failures[$1].last })
            {
                failures.remove(at: oldest)
            }
            failures.append(
                StatusReport.Failure(
                    level: level.rawValue, message: message, code: code, endpoint: endpoint, reason: reason,
                    first: now, last: now, count: 1))
        }
    }

    private static func text(_ value: Logger.Metadata.Value?) -> String? {
        value.map { String("\($0)".prefix(maximumReason)) }
    }
}
