import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// The person who is logged in at the Azure CLI: `az account get-access-token` (azure-identity, `AzureCliCredential`). Its
/// output is in no error text.
struct CommandLineTokens: AccessTokenSource {
    let programs: (any ProgramRunning)?
    let tenant: String
    let resource: String
    let now: @Sendable () -> Date

    let name = "az"

    /// Seconds.
    static let timeout = 60
    static let maximumOutput = 64 << 10

    func token() async throws(PublishError) -> AccessToken? {
        guard let programs else { return nil }
        let output: [UInt8]
        do {
            output = try await programs.run(
                ["az", "account", "get-access-token", "--output", "json", "--resource", resource, "--tenant", tenant],
                timeout: Self.timeout, maximumBytes: Self.maximumOutput)
        } catch {
            if case .cannotStart = error { return nil }
            throw PublishError(
                .denied, "az account get-access-token \(error); run: az login --tenant \(tenant)")
        }
        guard let json = try? JSONValue(parsing: output), let token = json["accessToken"]?.stringValue, !token.isEmpty
        else { throw PublishError(.malformed, "az account get-access-token wrote no JSON with accessToken") }
        return AccessToken(token, expiration: EntraTokenEndpoint.expiration(json, at: now()))
    }
}
