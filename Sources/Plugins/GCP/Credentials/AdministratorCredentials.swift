import CloudAPI
import GatewayPluginAPI

/// An administrator's access token: of a variable, else of `gcloud auth print-access-token`.
struct AdministratorCredentials: AccessTokenSource {
    let name = "gcloud"
    let administration: Administration
    let environment: @Sendable (String) -> String?

    /// The variables of gcloud and of Terraform.
    static let variables = ["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"]

    /// Seconds.
    private static let timeout = 60
    private static let maximumOutput = 64 << 10

    /// Human-readable, for what a command prints.
    var origin: String {
        if let profile = administration.profile { return "gcloud configuration \(Quotation.of(profile))" }
        return Self.variables.first { !(environment($0) ?? "").isEmpty } ?? "gcloud"
    }

    func token() async throws(PublishError) -> AccessToken? {
        if administration.profile == nil,
            let token = Self.variables.lazy.compactMap(environment).first(where: { !$0.isEmpty })
        {
            return AccessToken(token.filter { !$0.isWhitespace }, expiration: nil)
        }
        let advice = "log in with gcloud auth login, or set CLOUDSDK_AUTH_ACCESS_TOKEN to an access token"
        guard let programs = administration.programs else {
            throw PublishError(.denied, "there are no administrator's credentials; \(advice)")
        }
        var words = ["gcloud", "auth", "print-access-token", "--quiet"]
        if let profile = administration.profile { words.append("--configuration=\(profile)") }
        do {
            let output = try await programs.run(words, timeout: Self.timeout, maximumBytes: Self.maximumOutput)
            return AccessToken(String(decoding: output, as: UTF8.self).filter { !$0.isWhitespace }, expiration: nil)
        } catch {
            throw PublishError(.denied, "gcloud auth print-access-token \(error); \(advice)")
        }
    }
}
