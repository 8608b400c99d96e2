import NIOCore
public import NIOSSL

/// The certificates of a listener, chosen by SNI; the first where no name fits or none was sent.
public struct ServingCertificates: Sendable {
    let first: ServingCertificate
    let others: [ServingCertificate]

    public init(first: ServingCertificate, others: [ServingCertificate]) {
        self.first = first
        self.others = others
    }

    /// PEM of all issuers in the served chains, each once; what `/ca-bundle` answers. Empty where no chain has any.
    public var issuers: String {
        var seen: [String] = []
        for certificate in [first] + others where !certificate.issuers.isEmpty && !seen.contains(certificate.issuers) {
            seen.append(certificate.issuers)
        }
        return seen.joined()
    }

    /// TLS 1.2 at least.
    public var tlsConfiguration: TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: first.chain.map { .certificate($0) }, privateKey: .privateKey(first.key))
        configuration.minimumTLSVersion = .tlsv12
        guard !others.isEmpty else { return configuration }
        configuration.sslContextCallback = { [self] values, promise in
            promise.succeed(override(for: values.serverHostname?.lowercased()))
        }
        return configuration
    }

    private func override(for host: String?) -> NIOSSLContextConfigurationOverride {
        guard let host, !first.serves(host), let certificate = others.first(where: { $0.serves(host) }) else {
            return .noChanges
        }
        var override = NIOSSLContextConfigurationOverride()
        override.certificateChain = certificate.chain.map { .certificate($0) }
        override.privateKey = .privateKey(certificate.key)
        return override
    }
}
