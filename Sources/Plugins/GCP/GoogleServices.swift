import GatewayPluginAPI

/// The URLs of Google's services in a universe and a region.
struct GoogleServices: Equatable {
    /// Of the token exchange.
    let tokenURL: String
    /// Of the IAM Service Account Credentials API, without a path.
    let iamCredentials: String
    /// nil for the public universe.
    let universe: String?

    private static let publicUniverse = "googleapis.com"

    /// - Parameter errors: gets what is wrong.
    init(_ settings: GCPProvider.Settings, errors: inout [SettingsError]) {
        let universe = settings.universe ?? Self.publicUniverse
        if Issuer(host: universe, path: "") == nil || !universe.contains(".") {
            errors.append(
                SettingsError(
                    "settings.universe",
                    "invalid universe \(Quotation.of(universe)); expected a domain such as googleapis.com"))
        }
        if let region = settings.region {
            if !ResourceID.isRegion(region) {
                errors.append(
                    SettingsError(
                        "settings.region",
                        "invalid region \(Quotation.of(region)); expected a name such as europe-west3"))
            } else if universe != Self.publicUniverse {
                errors.append(
                    SettingsError("settings.region", "not supported in another universe; remove region or universe"))
            }
        }
        for (key, url) in [("sts", settings.endpoints?.sts), ("iamCredentials", settings.endpoints?.iamCredentials)] {
            guard let url, !Self.isURL(url) else { continue }
            errors.append(
                SettingsError(
                    "settings.endpoints.\(key)",
                    "invalid URL \(Quotation.of(url)); expected https://HOST, or http://127.0.0.1:PORT for tests"))
        }
        let host = settings.region.map { "sts.\($0).rep.googleapis.com" } ?? "sts.\(universe)"
        tokenURL = (settings.endpoints?.sts ?? "https://\(host)") + "/v1/token"
        iamCredentials = settings.endpoints?.iamCredentials ?? "https://iamcredentials.\(universe)"
        self.universe = universe == Self.publicUniverse ? nil : universe
    }

    /// Whether the text is an https URL without a path, or one of http to this machine.
    private static func isURL(_ text: String) -> Bool {
        for scheme in ["https://", "http://127.0.0.1:", "http://localhost:"] where text.hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            return !rest.isEmpty
                && rest.utf8.allSatisfy { ResourceID.isOfID($0) || ".:".utf8.contains($0) }
        }
        return false
    }
}
