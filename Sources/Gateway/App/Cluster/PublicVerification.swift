import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JOSE
import JSON

/// Verifies a token as a relying party does: with the documents that the public issuer URL serves.
struct PublicVerification: Sendable {
    let transport: CommandTransport
    /// The endpoint, for `publish.probe`; nil where it is not known.
    let endpoint: EndpointConfiguration?
    let now: Date

    /// Clocks may differ by that many seconds.
    private static let leeway = 60.0

    /// - Parameter audiences: one of them must be in `aud`; empty for any.
    /// - Returns: what was verified, a line each.
    func verify(_ token: IssuedJWT, issuer: String?, audiences: [String]) async throws(CommandFailure) -> [String] {
        guard let found = token.claims.issuer, found.hasPrefix("https://") else {
            throw Self.failure("the token has no issuer with https")
        }
        if let issuer, !found.isExactly(issuer) {
            throw Self.failure("the token's issuer is \(found), and that of the endpoint is \(issuer)")
        }
        let discovery = try await document("\(found)\(Issuer.discoveryPath)")
        guard let json = try? JSONValue(parsing: discovery), let named = json["issuer"]?.stringValue else {
            throw CommandFailure(
                .issuerContent, "\(found)\(Issuer.discoveryPath) is no discovery document", advice: Self.publish)
        }
        guard named.isExactly(found) else {
            throw CommandFailure(
                .issuerContent, "the discovery document has the issuer \(named), and the token \(found)",
                advice: Self.publish)
        }
        guard let address = json["jwks_uri"]?.stringValue, address.hasPrefix("https://") else {
            throw CommandFailure(
                .issuerContent, "the discovery document has no jwks_uri with https", advice: Self.publish)
        }
        guard let keys = try? JSONWebKeySet(parsing: try await document(address)) else {
            throw CommandFailure(.issuerContent, "\(address) is no JSON Web Key Set", advice: Self.publish)
        }
        let kid = token.jwt.header.keyID?.rawValue ?? "none"
        do throws(JOSEError) {
            try token.jwt.verify(with: keys)
        } catch {
            guard error == .unknownKey else { throw Self.failure("the signature of the key \(kid) is not valid") }
            throw CommandFailure(
                .issuerKeyMissing, "\(address) lacks the key \(kid), which has signed the token", advice: Self.publish)
        }
        let given = token.claims.audiences
        guard audiences.isEmpty || given.contains(where: audiences.containsExactly) else {
            throw Self.failure("the token's audience is \(given.joined(separator: ", "))")
        }
        let seconds = now.timeIntervalSince1970
        guard let end = token.claims.expiration, end + Self.leeway > seconds else {
            throw Self.failure("the token is expired, or this machine's clock is wrong")
        }
        if let begin = token.claims.notBefore, begin - Self.leeway > seconds {
            throw Self.failure("the token is not valid yet, or this machine's clock is wrong")
        }
        return [
            "issuer    \(found)", "key       \(kid) of \(address)", "audience  \(given.joined(separator: ", "))",
            "subject   \(token.claims.subject ?? "")",
            "expires   \(Date(timeIntervalSince1970: end).formatted(.iso8601))",
        ].map { PrintableText.line($0) }
    }

    private func document(_ url: String) async throws(CommandFailure) -> [UInt8] {
        let response: HTTPTransportResponse
        do {
            response = try await transport.read(url, of: endpoint)
        } catch {
            throw IssuerReadingFailure.failure(url, error)
        }
        if let failure = IssuerReadingFailure.failure(url, response) { throw failure }
        return response.body
    }

    private static let publish = "publish the documents: sts-gateway publish --config FILE --endpoint NAME"

    private static func failure(_ cause: String) -> CommandFailure { CommandFailure(.tokenNotVerified, cause) }
}

/// Why a verifier cannot read a document of the issuer.
enum IssuerReadingFailure {
    static func failure(_ url: String, _ error: HTTPTransportError) -> CommandFailure {
        let text = "\(error)"
        if text.hasPrefix("publish.probe") {
            return CommandFailure(
                .configurationError, text, advice: "correct the key; this machine needs the file, too")
        }
        if text.contains("certificate") || text.contains("TLS") {
            return CommandFailure(
                .issuerCertificate, "\(url): \(text)",
                advice: "serve a certificate of a public CA for the host, with its chain")
        }
        return CommandFailure(
            .issuerUnreachable, "\(url): \(text)", advice: "check DNS, and that the host answers within 5 s")
    }

    /// - Returns: nil for 200.
    static func failure(_ url: String, _ response: HTTPTransportResponse) -> CommandFailure? {
        switch response.status {
        case 200: nil
        case 300..<400:
            CommandFailure(
                .issuerRedirect, "\(url): status \(response.status) to \(response.header("Location") ?? "nowhere")",
                advice: "serve the document itself; verifiers do not follow redirects")
        default:
            CommandFailure(
                .issuerDocumentMissing, "\(url): status \(response.status)",
                advice: "publish the document, and make it public: sts-gateway publish --config FILE --endpoint NAME")
        }
    }
}
