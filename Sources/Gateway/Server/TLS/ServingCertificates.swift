import FoundationEssentials
import GatewayCore
import NIOCore
package import NIOSSL
import Synchronization

/// The certificates that a listener serves. They can be replaced without a restart; open connections are not affected.
package final class ServingCertificates: Sendable {
    /// The certificates that are in force.
    struct Served: Sendable {
        /// Served where no certificate matches the SNI name, or the client sent none.
        let first: ServingCertificate
        /// Served where the SNI name matches.
        let others: [ServingCertificate]
        /// The CAs that clients must trust in PEM; empty where they are not known.
        let issuers: String
        /// The CAs that Pods must trust in PEM; nil for the public CAs.
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
        case unavailable(String)
        case served(Served)
    }

    private let state: Mutex<State>
    private let signal = ChangeSignal()

    init(_ served: Served) { state = Mutex(.served(served)) }

    /// - Parameter problem: why there is no certificate yet.
    init(unavailable problem: String) { state = Mutex(.unavailable(problem)) }

    /// Serves certificates that do not change.
    package convenience init(first: ServingCertificate, others: [ServingCertificate]) {
        self.init(Served(first: first, others: others))
    }

    /// Serves these certificates in every later handshake.
    func replace(with served: Served) {
        state.withLock { $0 = .served(served) }
        signal.send()
    }

    /// Sets the reason why there is no certificate; it has no effect where there is one.
    func report(unavailable problem: String) {
        state.withLock { state in
            if case .unavailable = state { state = .unavailable(problem) }
        }
    }

    private var served: Served? {
        state.withLock { if case .served(let served) = $0 { served } else { nil } }
    }

    /// The CA bundle that `/ca-bundle` returns, in PEM without duplicates: the CA certificates of the served chains, or
    /// all self-signed CAs. Empty where no chain has any.
    package var issuers: String { served?.issuers ?? "" }

    /// The chains that are served, in PEM: first the one of calls without a known name. Empty while there is none.
    package var chains: [String] { served.map { ([$0.first] + $0.others).map(\.chainPEM) } ?? [] }

    /// The CAs that Pods must trust in PEM: the self-signed CAs, or the configured CA. Nil where a public CA has issued
    /// the certificate, and while there is no certificate.
    package var trust: String? { served?.trust }

    /// Why there is no certificate; nil where there is one.
    package var problem: String? {
        state.withLock { if case .unavailable(let problem) = $0 { problem } else { nil } }
    }

    /// Why clients do not accept a certificate that is served, by its times; nil where they do.
    func timeProblem(at now: Date) -> String? {
        guard let served else { return nil }
        let certificates = [served.first] + served.others
        if certificates.contains(where: { $0.notBefore > now }) { return "a serving certificate is not yet valid" }
        return certificates.contains { $0.notAfter <= now } ? "a serving certificate has expired" : nil
    }

    /// Returns when there is a certificate, or when the task is cancelled.
    package func untilReady() async {
        // Before the check, so that no change is missed.
        var changes = signal.changes().makeAsyncIterator()
        while served == nil, await changes.next() != nil {}
    }

    /// Yields an element for each later replacement; several pending ones are one element.
    func changes() -> AsyncStream<Void> { signal.changes() }

    /// The TLS configuration of a listener: TLS 1.2 or later. Each handshake selects from the certificates that are in
    /// force; it fails where there is none.
    package var tlsConfiguration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        // For a server: no client certificate is requested.
        configuration.certificateVerification = .none
        configuration.minimumTLSVersion = .tlsv12
        configuration.sslContextCallback = { [self] values, promise in
            promise.completeWith(Result { try override(for: values.serverHostname?.lowercased()) })
        }
        return configuration
    }

    private func override(for host: String?) throws -> NIOSSLContextConfigurationOverride {
        guard let served else { throw ServingCertificateError("no serving certificate yet") }
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
