import FoundationEssentials
import GatewayCore

/// Identities with placeholder certificates, for code that does not parse them.
enum ExampleIdentity {
    static let now = Date(timeIntervalSince1970: 1_778_251_200)
    static let names = CertificateNames(dns: ["sts-gateway", "sts-gateway.sts.svc"], addresses: [])

    static func at(_ seconds: Double) -> Date { now.addingTimeInterval(seconds) }

    static func pem(_ name: String) -> String {
        "-----BEGIN CERTIFICATE-----\n\(Data(name.utf8).base64EncodedString())\n-----END CERTIFICATE-----\n"
    }

    struct NoAuthority: Error {}

    static func authority(
        _ name: String, _ state: ServingIdentity.State = .issuing, reason: ServingIdentity.Reason = .first,
        constraint: NameConstraint? = NameConstraint(for: names), from begin: Date = now,
        lifetime: Int = 10 * 365 * 86_400, trustedUntil: Date? = nil
    ) throws -> ServingIdentity.Authority {
        let authority = ServingIdentity.Authority(
            certificatePEM: pem(name), key: state == .trusted ? nil : ServingIdentity.PrivateKey(pem: "key of \(name)"),
            state: state, reason: reason, constraint: constraint, created: begin, notBefore: begin,
            notAfter: begin.addingTimeInterval(Double(lifetime)), trustedUntil: trustedUntil)
        guard let authority else { throw NoAuthority() }
        return authority
    }

    static func certificate(
        _ name: String, names: CertificateNames = names, from begin: Date = now, to end: Date? = nil
    ) -> ServingIdentity.Certificate {
        ServingIdentity.Certificate(
            certificatePEM: pem(name), key: ServingIdentity.PrivateKey(pem: "key of \(name)"), names: names,
            notBefore: begin, notAfter: end ?? begin.addingTimeInterval(90 * 86_400))
    }

    /// An issuing CA with its certificate.
    static func identity() throws -> ServingIdentity {
        ServingIdentity(
            owner: "owner", authorities: [try authority("one")], certificate: certificate("certificate"),
            maximumTokenLifetime: 900)
    }
}
