import GatewayCore
import NIOCore
package import NIOSSL
import Synchronization

/// What a listener serves, at any moment: replaced whole, without a restart. Connections that are open keep what they
/// began with.
package final class ServingCertificates: Sendable {
    /// What is in force at a time.
    struct Served: Sendable {
        /// Where no name fits, or none was sent.
        let first: ServingCertificate
        /// Chosen by the name that the client asks for.
        let others: [ServingCertificate]
        /// PEM of what clients are to trust; empty where that is not known.
        let issuers: String
        /// PEM of what Pods are given to trust; nil for the public authorities.
        let trust: String?

        init(
            first: ServingCertificate, others: [ServingCertificate] = [], issuers: String? = nil, trust: String? = nil
        ) {
            self.first = first
            self.others = others
            self.issuers = issuers ?? PEMCertificates.joined(([first] + others).map(\.issuers))
            self.trust = trust
        }
    }

    private enum State: Sendable {
        case nothing(because: String)
        case served(Served)
    }

    private let state: Mutex<State>
    private let signal = ChangeSignal()

    init(_ served: Served) { state = Mutex(.served(served)) }

    /// - Parameter problem: why there is nothing to serve yet.
    init(nothingBecause problem: String) { state = Mutex(.nothing(because: problem)) }

    /// Serves the same all the time.
    package convenience init(first: ServingCertificate, others: [ServingCertificate]) {
        self.init(Served(first: first, others: others))
    }

    /// Serves that to every handshake from now on.
    func replace(with served: Served) {
        state.withLock { $0 = .served(served) }
        signal.send()
    }

    /// Takes the reason why there is nothing to serve; it has no effect where there is something.
    func report(nothingBecause problem: String) {
        state.withLock { state in
            if case .nothing = state { state = .nothing(because: problem) }
        }
    }

    private var served: Served? {
        state.withLock { if case .served(let served) = $0 { served } else { nil } }
    }

    /// PEM of what clients are to trust now, each certificate once: the issuers in the served chains, or every
    /// authority of the gateway's own. What `/ca-bundle` answers. Empty where no chain has any.
    package var issuers: String { served?.issuers ?? "" }

    /// PEM of what Pods are given to trust: the gateway's own authorities, or the configured one; nil where the
    /// certificate is one of the public authorities', and while there is none.
    package var trust: String? { served?.trust }

    /// Why there is nothing to serve; nil where there is.
    package var problem: String? {
        state.withLock { if case .nothing(let problem) = $0 { problem } else { nil } }
    }

    /// Returns once there is something to serve, or when cancelled.
    package func untilReady() async {
        // Before the look, so that no change falls between.
        var changes = signal.changes().makeAsyncIterator()
        while served == nil, await changes.next() != nil {}
    }

    /// An element for each replacement from now on; several that nobody has waited for are one.
    func changes() -> AsyncStream<Void> { signal.changes() }

    /// TLS 1.2 at least. The certificate of every handshake is chosen from what is in force then; without any the
    /// handshake fails.
    package var tlsConfiguration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        // A server's: nothing is asked of the client.
        configuration.certificateVerification = .none
        configuration.minimumTLSVersion = .tlsv12
        configuration.sslContextCallback = { [self] values, promise in
            promise.completeWith(Result { try override(for: values.serverHostname?.lowercased()) })
        }
        return configuration
    }

    private func override(for host: String?) throws -> NIOSSLContextConfigurationOverride {
        guard let served else { throw ServingCertificateError("there is no certificate to serve yet") }
        var certificate = served.first
        if let host, !certificate.serves(host), let other = served.others.first(where: { $0.serves(host) }) {
            certificate = other
        }
        var override = NIOSSLContextConfigurationOverride()
        override.certificateChain = certificate.chain.map { .certificate($0) }
        override.privateKey = .privateKey(certificate.key)
        return override
    }
}
