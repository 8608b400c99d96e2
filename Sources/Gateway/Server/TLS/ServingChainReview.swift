package import FoundationEssentials
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// Compares a serving certificate with the CA bundle of a client, as the API server verifies the webhook.
package struct ServingChainReview: Sendable {
    /// Of the admin listener.
    package static let path = "/serving-certificates"

    package enum Problem: Sendable, Equatable {
        /// The CA bundle, or the chain, is not PEM; which one.
        case malformed(String)
        /// No certificate of the chain is issued by a CA of the bundle.
        case untrusted
        /// The certificate is for these names.
        case name([String])
        case expired(Date)
        case notYetValid(Date)
        /// Less than a tenth of its validity is left.
        case expiresSoon(Date)

        /// Whether the chain does not end at a CA of the bundle, whatever its names and times are.
        package var isOfTrust: Bool {
            switch self {
            case .malformed, .untrusted: true
            default: false
            }
        }
    }

    private let chains: [String]
    private let bundle: String
    private let host: String

    /// - Parameters:
    ///   - chains: PEM: first the chain of calls without a known name.
    ///   - bundle: CA certificates in PEM.
    ///   - host: the name by which the client calls.
    package init(chains: [String], bundle: String, host: String) {
        self.chains = chains
        self.bundle = bundle
        self.host = host
    }

    /// The end of the validity, and what is wrong.
    package func review(at now: Date) async -> (notAfter: Date?, problems: [Problem]) {
        let roots = Self.certificates(bundle)
        guard !roots.isEmpty else { return (nil, [.malformed("the CA bundle")]) }
        let served = chains.map(Self.certificates)
        guard var chain = served.first, let first = chain.first else { return (nil, [.malformed("the served chain")]) }
        if !ServingCertificate.match(ServingCertificate.names(first), host),
            let other = served.first(where: { $0.first.map { Self.serves($0, host) } ?? false })
        {
            chain = other
        }
        let leaf = chain[0]
        var problems: [Problem] = []
        if !Self.serves(leaf, host) { problems.append(.name(ServingCertificate.names(leaf))) }
        let left = leaf.notValidAfter.timeIntervalSince(now)
        if left <= 0 {
            problems.append(.expired(leaf.notValidAfter))
        } else if leaf.notValidBefore > now {
            problems.append(.notYetValid(leaf.notValidBefore))
        } else if left < leaf.notValidAfter.timeIntervalSince(leaf.notValidBefore) / 10 {
            problems.append(.expiresSoon(leaf.notValidAfter))
        }
        if await !Self.isTrusted(leaf, chain.dropFirst(), roots, at: now) { problems.append(.untrusted) }
        return (leaf.notValidAfter, problems)
    }

    private static func serves(_ certificate: Certificate, _ host: String) -> Bool {
        ServingCertificate.match(ServingCertificate.names(certificate), host)
    }

    /// Whether a chain to a CA exists at a time at which the serving certificate is valid.
    private static func isTrusted(
        _ leaf: Certificate, _ intermediates: ArraySlice<Certificate>, _ roots: [Certificate], at now: Date
    ) async -> Bool {
        let time = min(max(now, leaf.notValidBefore), leaf.notValidAfter)
        var verifier = Verifier(rootCertificates: CertificateStore(roots)) {
            RFC5280Policy(fixedExpiryValidationTime: time)
        }
        let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore(intermediates))
        if case .validCertificate = result { return true }
        return false
    }

    private static func certificates(_ pem: String) -> [Certificate] {
        PEMCertificates.list(pem).compactMap { try? Certificate(pemEncoded: $0) }
    }
}
