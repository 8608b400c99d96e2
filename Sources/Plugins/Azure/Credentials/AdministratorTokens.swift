import CloudAPI
import FoundationEssentials
import GatewayPluginAPI

/// The credentials of the person who runs a command, in the order of azure-identity (`DefaultAzureCredential`): environment,
/// workload identity, managed identity, Azure CLI. `AZURE_TOKEN_CREDENTIALS` narrows them: `prod` to the first three, `dev`
/// to the last one, or the name of a class such as `AzureCliCredential`.
struct AdministratorTokens: AccessTokenSource {
    let tenant: String
    let environment: @Sendable (String) -> String?
    private let sources: [(type: String, isForPeople: Bool, source: any AccessTokenSource)]

    let name = "the administrator"

    /// - Parameters:
    ///   - resource: the URL of the API.
    ///   - service: a client with the system's CA certificates.
    init(
        resource: String, endpoint: EntraTokenEndpoint, environment: @escaping @Sendable (String) -> String?,
        files: any PublisherFiles, programs: (any ProgramRunning)?
    ) {
        tenant = endpoint.tenant
        self.environment = environment
        let client = environment("AZURE_CLIENT_ID").flatMap { $0.isEmpty ? nil : $0 }
        sources = [
            (
                "environmentcredential", false,
                EnvironmentTokens(environment: environment, endpoint: endpoint, resource: resource)
            ),
            (
                "workloadidentitycredential", false,
                WorkloadIdentityTokens(
                    environment: environment, files: files, endpoint: endpoint, resource: resource)
            ),
            (
                "managedidentitycredential", false,
                ManagedIdentityTokens(
                    environment: environment, service: endpoint.service, now: endpoint.now, resource: resource,
                    client: client)
            ),
            (
                "azureclicredential", true,
                CommandLineTokens(programs: programs, tenant: tenant, resource: resource, now: endpoint.now)
            ),
        ]
    }

    func token() async throws(PublishError) -> AccessToken? {
        if let other = environment("AZURE_TENANT_ID"), !other.isEmpty, other.lowercased() != tenant {
            throw PublishError(
                .denied,
                "AZURE_TENANT_ID is \(Quotation.of(other)), but settings.tenant is \(tenant); use credentials of that tenant"
            )
        }
        var reason = ""
        for entry in try allowed() {
            do throws(PublishError) {
                if let token = try await entry.token() { return token }
            } catch {
                // Most machines have no metadata service.
                guard entry.name == CredentialSource.managedIdentity.rawValue, error.kind == .unavailable else {
                    throw error
                }
                reason = " (\(error))"
            }
        }
        throw PublishError(
            .denied,
            "no credentials: neither the environment, nor a managed identity\(reason), nor the Azure CLI has any; run: az "
                + "login --tenant \(tenant)")
    }

    private func allowed() throws(PublishError) -> [any AccessTokenSource] {
        let word = (environment("AZURE_TOKEN_CREDENTIALS") ?? "").lowercased()
        let found =
            switch word {
            case "": sources
            case "prod": sources.filter { !$0.isForPeople }
            case "dev": sources.filter(\.isForPeople)
            default: sources.filter { $0.type == word }
            }
        guard !found.isEmpty else {
            throw PublishError(
                .misconfigured,
                "AZURE_TOKEN_CREDENTIALS: \(Quotation.of(word)) is not supported; expected prod, dev, "
                    + "EnvironmentCredential, WorkloadIdentityCredential, ManagedIdentityCredential or AzureCliCredential"
            )
        }
        return found.map(\.source)
    }
}
