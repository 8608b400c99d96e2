import CoreMetrics
import FoundationEssentials
import GatewayCore
import Logging
import Synchronization

/// Reports the Pods whose sidecar got only older CAs: they do not start again after a restart of their node, once the CA
/// issues. The report never delays a CA.
final class PodsWithoutCA: Sendable {
    /// The result of one search.
    struct Found: Sendable, Equatable {
        /// At most this many Pods are named.
        static let maximumNames = 100

        private(set) var count = 0
        private(set) var names: [String] = []

        mutating func add(_ name: String) {
            count += 1
            if names.count < Self.maximumNames { names.append(name) }
        }
    }

    /// Where the CA comes from.
    struct Source: Sendable {
        var authority: @Sendable () -> RequiredAuthority? = { nil }
        /// Yields an element for each later change.
        var changes: @Sendable () -> AsyncStream<Void> = { AsyncStream { _ in } }
    }

    private struct Logged: Equatable {
        let authority: String
        let isAnnounced: Bool
        /// nil where the Pods are unknown.
        let count: Int?
    }

    private struct State {
        var logged: Logged?
        var problem: String?
    }

    private let factory: any MetricsFactory
    private let logger: Logger
    private let state = Mutex(State())

    init(factory: any MetricsFactory, logger: Logger) {
        self.factory = factory
        self.logger = logger
    }

    /// For readiness; nil where all Pods have the CA, or where this replica does not know.
    var problem: String? { state.withLock { $0.problem } }

    /// Removes metric and readiness detail: this replica does not lead.
    func clear() {
        state.withLock { $0 = State() }
        meter.destroy()
    }

    /// Reports the result of a search.
    ///
    /// - Parameter found: nil where the Pods cannot be listed.
    func report(_ found: Found?, without authority: RequiredAuthority) {
        guard let found else { return reportUnknown(authority) }
        meter.set(found.count)
        let isAnnounced = authority.begin != nil
        let logged = Logged(authority: authority.id, isAnnounced: isAnnounced, count: found.count)
        let last = state.withLock { state in
            let last = state.logged
            state.logged = logged
            state.problem = Self.problem(found, authority)
            return last
        }
        let isNews =
            last.map {
                $0.authority != logged.authority || $0.isAnnounced != isAnnounced || $0.count ?? 0 < found.count
            }
            ?? true
        guard found.count > 0 else {
            if let last, last.authority == logged.authority, last.count != 0 {
                logger.notice("all injected Pods have the CA", metadata: ["ca": "\(authority.id)"])
            }
            return
        }
        guard isNews else { return }
        var metadata = Self.metadata(authority)
        metadata["count"] = .stringConvertible(found.count)
        metadata["pods"] = .array(found.names.map { "\($0)" })
        logger.warning("injected Pods lack the CA", metadata: metadata)
    }

    /// Only an announced CA makes it necessary to know the Pods.
    private func reportUnknown(_ authority: RequiredAuthority) {
        meter.destroy()
        let logged = Logged(authority: authority.id, isAnnounced: authority.begin != nil, count: nil)
        let isNews = state.withLock { state in
            defer { state.logged = logged }
            state.problem = authority.begin.map { begin in
                "the injected Pods that lack the announced CA are unknown, since Pods cannot be listed; recreate all "
                    + "injected Pods before \(begin.formatted(.iso8601)), when it issues"
            }
            return state.logged != logged
        }
        guard isNews, authority.begin != nil else { return }
        var metadata = Self.metadata(authority)
        metadata["pods"] = "unknown"
        logger.warning("injected Pods lack the CA", metadata: metadata)
    }

    private static func metadata(_ authority: RequiredAuthority) -> Logger.Metadata {
        [
            "code": "\(ErrorCode.podsWithoutAuthority)", "ca": "\(authority.id)",
            "issues": "\(authority.begin.map { $0.formatted(.iso8601) } ?? "now")",
            "advice": "recreate these Pods, which do not start again after a restart of their node",
        ]
    }

    private static let namedInProblem = 5

    private static func problem(_ found: Found, _ authority: RequiredAuthority) -> String? {
        guard found.count > 0 else { return nil }
        let names = found.names.prefix(namedInProblem).joined(separator: ", ")
        let more = found.count > namedInProblem ? " and \(found.count - namedInProblem) more" : ""
        let which = authority.begin.map { "the announced CA, which issues at \($0.formatted(.iso8601))" } ?? "the CA"
        return "injected Pods lack \(which): \(names)\(more); recreate them, since they do not start again after a "
            + "restart of their node"
    }

    /// Returns the gauge, the same one each time.
    private var meter: Meter { Meter(label: "sts_pods_without_ca", factory: factory) }
}
