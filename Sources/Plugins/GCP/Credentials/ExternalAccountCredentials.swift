import CloudAPI
import GatewayPluginAPI
import JSON

/// `externalAccount`: a credential configuration of the type `external_account` (AIP-4117) with the token in a file, such
/// as one that this gateway gives to Pods.
struct ExternalAccountCredentials: AccessTokenSource {
    let name = CredentialSource.externalAccount.rawValue
    /// nil for that of `GOOGLE_APPLICATION_CREDENTIALS`.
    let file: String?
    let files: any PublisherFiles
    let environment: @Sendable (String) -> String?
    let exchange: TokenExchange

    func token() async throws(PublishError) -> AccessToken? {
        guard let path = file ?? environment("GOOGLE_APPLICATION_CREDENTIALS"), !path.isEmpty else { return nil }
        let place = "the credential configuration \(Quotation.of(path))"
        guard let bytes = try files.read(path) else { throw PublishError(.denied, "\(place) does not exist") }
        let json = try? JSONValue(parsing: bytes)
        guard json?["type"] == "external_account", let source = json?["credential_source"],
            let audience = json?["audience"]?.stringValue, let url = json?["token_url"]?.stringValue,
            let type = json?["subject_token_type"]?.stringValue
        else {
            throw PublishError(
                .misconfigured,
                "\(place) is not of the type external_account; keys of service accounts are not supported")
        }
        guard let tokenFile = source["file"]?.stringValue else {
            throw PublishError(.misconfigured, "\(place): only credential_source.file is supported")
        }
        let impersonation = json?["service_account_impersonation_url"]?.stringValue
        for url in [url] + [impersonation].compactMap(\.self) where !Self.isServiceURL(url) {
            throw PublishError(.misconfigured, "\(place): invalid URL \(Quotation.of(url)); expected one of https")
        }
        guard let content = try files.read(tokenFile).flatMap({ String(validating: $0, as: UTF8.self) }) else {
            throw PublishError(.denied, "\(place): missing or unreadable token file \(Quotation.of(tokenFile))")
        }
        var token = content
        if let field = source["format"]?["subject_token_field_name"]?.stringValue {
            guard let value = (try? JSONValue(parsing: Array(content.utf8)))?[field]?.stringValue else {
                throw PublishError(.denied, "\(place): the token file has no member \(Quotation.of(field))")
            }
            token = value
        }
        token.removeAll(where: \.isWhitespace)
        switch try await exchange.exchange(token, audience: audience, tokenType: type, url: url) {
        case .token(let token):
            guard let impersonation else { return token }
            return try await exchange.impersonate(url: impersonation, with: token.value)
        case .rejected(let failure):
            throw PublishError(.denied, failure.error(call: "POST \(url.prefix { $0 != "?" })").message)
        }
    }

    /// Whether the text is an https URL without a query, or one of http to this machine.
    static func isServiceURL(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains("?"), !text.contains("#") else {
            return false
        }
        return ["https://", "http://127.0.0.1:", "http://localhost:"].contains(where: text.hasPrefix)
    }
}
