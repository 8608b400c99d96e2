import FoundationEssentials
import GatewayCore
import Logging
import Synchronization

/// What this process knows of the gateway's own certificates: it serves the last good ones that the store told.
final class ServingIdentityReplica: Sendable {
    struct View: Sendable {
        /// The last good one.
        var stored: StoredServingIdentity?
        /// Whether the store has none, as far as this process has heard; nil where it has heard nothing.
        var isGone: Bool?
        /// Why what the store has cannot be used.
        var problem: ServingIdentityError?
        /// Of what the store has in place of the last good one: unusable, or made by somebody who did not know it.
        var inPlace: String?
    }

    private struct State {
        var view = View()
        /// Since when another identity is in its place.
        var replaced: Date?
    }

    /// Of what is told: one thing after the other, and how many the watch has told.
    private let order = Mutex(0)
    private let state = Mutex(State())
    private let signal = ChangeSignal()
    private let clock: @Sendable () -> Date
    private let serve: @Sendable (ServingIdentity, ServingCertificate) -> Void
    /// Tells why there is nothing to serve, which is heard where there is nothing.
    let lack: @Sendable (_ problem: String) -> Void
    private let logger: Logger

    /// - Parameter serve: told of each identity that is in force from then on, with its leaf.
    init(
        clock: @escaping @Sendable () -> Date, logger: Logger,
        serve: @escaping @Sendable (ServingIdentity, ServingCertificate) -> Void,
        lack: @escaping @Sendable (_ problem: String) -> Void
    ) {
        self.clock = clock
        self.serve = serve
        self.lack = lack
        self.logger = logger
    }

    var view: View { state.withLock { $0.view } }

    /// An element for what becomes of it from now on.
    func changes() -> AsyncStream<Void> { signal.changes() }

    /// How much the watch has told.
    var heard: Int { order.withLock { $0 } }

    /// Takes on what the watch tells.
    func take(_ news: ServingIdentityNews) {
        order.withLock { heard in
            heard += 1
            apply(news)
        }
    }

    /// Takes on what this process has written or read, unless the watch has told more meanwhile, which may be newer.
    ///
    /// - Parameter before: what was ``heard`` before it was written or read.
    /// - Returns: whether it was taken.
    func take(_ news: ServingIdentityNews, ifHeard before: Int) -> Bool {
        order.withLock { heard in
            guard heard == before else { return false }
            apply(news)
            return true
        }
    }

    private func apply(_ news: ServingIdentityNews) {
        switch news {
        case .identity(let stored): take(stored)
        case .gone:
            state.withLock { state in
                state.view.isGone = true
                state.view.problem = nil
                state.view.inPlace = nil
            }
        case .unusable(let problem, let version): refuse(problem, version)
        }
        signal.send()
    }

    /// Takes on an identity that was read or written. Another one than the one that clients trust is not, for a while:
    /// the leader puts its own back.
    private func take(_ stored: StoredServingIdentity) {
        let certificate: ServingCertificate
        do {
            let identity = stored.identity
            certificate = try ServingCertificate(chainPEM: identity.chainPEM, keyPEM: identity.leaf.key.pem)
        } catch {
            refuse(.malformed("its leaf: \(error)"), stored.version)
            return
        }
        let isOther = state.withLock { state -> Bool in
            let known = state.view.stored
            if let known,
                known.identity.owner != stored.identity.owner
                    || stored.identity.revision < known.identity.revision
            {
                let since = state.replaced ?? clock()
                state.replaced = since
                if clock().timeIntervalSince(since) < Double(EndpointConfiguration.replicaWindow) {
                    state.view.inPlace = stored.version
                    state.view.isGone = false
                    state.view.problem = nil
                    return false
                }
            }
            state.replaced = nil
            state.view = View(stored: stored, isGone: false)
            guard known?.identity != stored.identity else { return false }
            // Under the lock, so that of two changes the later one stays.
            serve(stored.identity, certificate)
            return true
        }
        if isOther {
            logger.info(
                "serving certificate in force",
                metadata: [
                    "names": .array(stored.identity.leaf.names.dns.map { "\($0)" }),
                    "until": "\(stored.identity.leaf.notAfter.formatted(.iso8601))",
                ])
        }
    }

    private func refuse(_ problem: ServingIdentityError, _ version: String) {
        if view.problem != problem {
            logger.error("the serving certificate in the store cannot be used", metadata: ["reason": "\(problem)"])
        }
        lack("\(problem)")
        // Last, so that whoever sees it in the view finds the rest done.
        state.withLock { state in
            state.view.problem = problem
            state.view.inPlace = version
            state.view.isGone = false
        }
    }
}
