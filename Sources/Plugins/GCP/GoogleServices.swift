import GatewayPluginAPI

/// The URLs of Google's services in a universe and a region, without paths.
struct GoogleServices: Equatable {
    /// The Security Token Service.
    let sts: String
    /// The IAM API.
    let iam: String
    /// The IAM Service Account Credentials API.
    let iamCredentials: String
    /// The Cloud Storage JSON API.
    let storage: String
    /// nil for the public universe.
    let universe: String?

    /// Of the token exchange.
    var tokenURL: String { sts + "/v1/token" }

    private static let publicUniverse = "googleapis.com"

    /// - Parameters:
    ///   - block: the configuration's block in which the keys are.
    ///   - overrides: URLs in place of the public ones, by their keys below `endpoints`.
    ///   - errors: gets what is wrong.
    init(
        universe: String?, region: String?, overrides: [String: String?], block: String, errors: inout [SettingsError]
    ) {
        let universe = universe ?? Self.publicUniverse
        if Issuer(host: universe, path: "") == nil || !universe.contains(".") {
            errors.append(
                SettingsError(
                    "\(block).universe",
                    "invalid universe \(Quotation.of(universe)); expected a domain such as googleapis.com"))
        }
        if let region {
            if !ResourceID.isRegion(region) {
                errors.append(
                    SettingsError(
                        "\(block).region",
                        "invalid region \(Quotation.of(region)); expected a name such as europe-west3"))
            } else if universe != Self.publicUniverse {
                errors.append(
                    SettingsError("\(block).region", "not supported in another universe; remove region or universe"))
            }
        }
        for (key, url) in overrides.sorted(by: { $0.key < $1.key }) {
            guard let url, !Self.isURL(url) else { continue }
            errors.append(
                SettingsError(
                    "\(block).endpoints.\(key)",
                    "invalid URL \(Quotation.of(url)); expected https://HOST, or http://127.0.0.1:PORT for tests"))
        }
        func url(_ key: String, _ host: String) -> String { (overrides[key] ?? nil) ?? "https://\(host)" }
        sts = url("sts", region.map { "sts.\($0).rep.googleapis.com" } ?? "sts.\(universe)")
        iam = url("iam", "iam.\(universe)")
        iamCredentials = url("iamCredentials", "iamcredentials.\(universe)")
        storage = url("storage", "storage.\(universe)")
        self.universe = universe == Self.publicUniverse ? nil : universe
    }

    /// Whether the text is an https URL without a path, or one of http to this machine.
    static func isURL(_ text: String) -> Bool {
        for scheme in ["https://", "http://127.0.0.1:", "http://localhost:"] where text.hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            return !rest.isEmpty
                && rest.utf8.allSatisfy { ResourceID.isOfID($0) || ".:".utf8.contains($0) }
        }
        return false
    }
}
