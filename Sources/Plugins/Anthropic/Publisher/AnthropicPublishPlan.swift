import GatewayPluginAPI

/// A validated `publish` block: the federation issuer that holds the endpoint's keys.
struct AnthropicPublishPlan: Sendable {
    /// How the gateway proves itself.
    enum Proof: Sendable, Equatable {
        /// An exchange of a token of that endpoint, by a rule of scope `org:admin`.
        case exchange(endpoint: String, rule: String, organization: String, account: String?, workspace: String?)
        /// The path of a file with an access token.
        case file(String)
    }

    let endpoint: String
    let issuer: String
    /// The URL of the API without a final slash.
    let address: String
    let federationIssuer: String
    let proof: Proof
    let authorityFile: String?

    static let publicAddress = "https://api.anthropic.com"

    /// Differs for any two federation issuers.
    var location: String { "\(address)/v1/organizations/federation_issuers/\(federationIssuer)" }

    init(_ settings: AnthropicProvider.PublisherSettings, endpoint: Endpoint) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        func check(_ key: String, _ text: String?, prefix: String) {
            guard let text, !Self.isID(text, prefix) else { return }
            errors.append(
                SettingsError(
                    "publish.\(key)", "invalid value \(Quotation.of(text)); expected an id such as \(prefix)01abc"))
        }
        check("federationIssuer", settings.federationIssuer, prefix: "fdis_")
        check("federationRule", settings.federationRule, prefix: "fdrl_")
        check("serviceAccount", settings.serviceAccount, prefix: "svac_")
        if let workspace = settings.workspace, workspace != "default" {
            check("workspace", workspace, prefix: "wrkspc_")
        }
        if let organization = settings.organization, !Self.isUUID(organization) {
            errors.append(
                SettingsError(
                    "publish.organization",
                    "invalid value \(Quotation.of(organization)); expected the organization's id, a UUID"))
        }
        let address = settings.address.map(Self.address) ?? Self.publicAddress
        if let text = settings.address, address == nil {
            errors.append(
                SettingsError(
                    "publish.address",
                    "invalid value \(Quotation.of(text)); expected https://HOST, or http://127.0.0.1:PORT for tests"))
        }
        let proof = Self.proof(settings, endpoint: endpoint.name, errors: &errors)
        guard let address, let proof, errors.isEmpty else { throw SettingsErrors(errors) }
        self.endpoint = endpoint.name
        issuer = endpoint.issuer.url
        self.address = address
        federationIssuer = settings.federationIssuer
        self.proof = proof
        authorityFile = settings.caFile
    }

    private static func proof(
        _ settings: AnthropicProvider.PublisherSettings, endpoint: String, errors: inout [SettingsError]
    ) -> Proof? {
        if let file = settings.tokenFile {
            for (key, value) in [
                ("adminEndpoint", settings.adminEndpoint), ("federationRule", settings.federationRule),
                ("organization", settings.organization), ("serviceAccount", settings.serviceAccount),
                ("workspace", settings.workspace),
            ] where value != nil {
                errors.append(SettingsError("publish.\(key)", "excludes publish.tokenFile; remove one of them"))
            }
            return .file(file)
        }
        for (key, value, what) in [
            ("adminEndpoint", settings.adminEndpoint, "the endpoint whose token may change federation issuers"),
            ("federationRule", settings.federationRule, "the id of its rule of scope org:admin"),
            ("organization", settings.organization, "the organization's id"),
        ] where value == nil {
            errors.append(SettingsError("publish.\(key)", "missing required key; expected \(what)"))
        }
        guard let other = settings.adminEndpoint, let rule = settings.federationRule,
            let organization = settings.organization
        else { return nil }
        guard other != endpoint else {
            errors.append(
                SettingsError(
                    "publish.adminEndpoint",
                    "is this endpoint itself, but Anthropic lets no gateway change an issuer that backs a rule of scope "
                        + "org:admin; name a second endpoint, with an issuer of its own in discovery mode"))
            return nil
        }
        return .exchange(
            endpoint: other, rule: rule, organization: organization, account: settings.serviceAccount,
            workspace: settings.workspace)
    }

    /// The hand-over. Anthropic publishes no delay of an update; its page asks for 15 minutes before the first use of a key.
    var handOver: KeyHandOver {
        let other: String? = if case .exchange(let endpoint, _, _, _, _) = proof { endpoint } else { nil }
        return KeyHandOver(
            confirmation: .readBack,
            propagation: KeyPropagation(
                newKey: 900, oldKey: .after(seconds: 60),
                evidence: "Anthropic asks for 15 minutes between the publication of a key and its first use."),
            usesOwnToken: other != nil, tokenEndpoint: other
        ) { AnthropicRecipient(self, $0) }
    }

    private static func isID(_ text: String, _ prefix: String) -> Bool {
        (prefix.utf8.count + 1...128).contains(text.utf8.count) && text.hasPrefix(prefix)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "_-".utf8.contains($0) }
    }

    private static func isUUID(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(isAlphanumeric) }
    }

    /// Returns the URL without a final slash; nil where it is not `https://`, or `http://` to this machine.
    private static func address(_ text: String) -> String? {
        var rest = text[...]
        if rest.hasSuffix("/") { rest.removeLast() }
        for scheme in ["https://", "http://127.0.0.1:", "http://localhost:"] where rest.hasPrefix(scheme) {
            let body = rest.dropFirst(scheme.count)
            guard let first = body.utf8.first, isAlphanumeric(first),
                body.utf8.allSatisfy({ isAlphanumeric($0) || ".-:".utf8.contains($0) })
            else { return nil }
            return String(rest)
        }
        return nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
