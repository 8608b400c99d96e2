import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization

@testable import AzurePlugin

/// Provisions an endpoint in the memory of Entra, as the command does.
struct ProvisionedEndpoint: Sendable {
    let entra: EntraInMemory
    var cluster = "production"
    var owner: String? = "owner-one"
    var host: String? = "issuer.example.com"
    var more: [JSONValue.Member] = []
    var roles = [ProvisioningRole(name: "workloads/web", subjects: ["production:myns:web"])]
    var publish: JSONValue?
    var path = "/azure"
    var serving: String?
    var audiences = ["api://AzureADTokenExchange"]
    var environment = [
        "AZURE_CLIENT_ID": "3f8a1c22-0000-4000-8000-0123456789ab", "AZURE_CLIENT_SECRET": "secret",
        "AZURE_SUBSCRIPTION_ID": EntraInMemory.subscription,
    ]
    var programs: (any ProgramRunning)?
    let transport: ScriptedTransport

    init(_ entra: EntraInMemory) {
        self.entra = entra
        transport = entra.transport
    }

    /// Publishes nothing but the names of the documents.
    private struct Issuer: ProvisionedIssuer {
        let entra: EntraInMemory

        func isKnown(host: String, publish: JSONValue) { entra.state.storage.publish = publish }
        func staleDocuments(host: String, publish: JSONValue) async throws(ProvisioningError) -> [String] {
            if entra.state.storage.isUploadDenied { throw ProvisioningError(.permanent, "PUT: status 403") }
            return entra.state.storage.documents.isEmpty ? ["/certs"] : []
        }
        func publishDocuments(host: String, publish: JSONValue) async {
            entra.state.storage.documents = [".well-known/openid-configuration", "certs"]
        }
        func servingProblem(host: String, publish: JSONValue) async -> String? { nil }
    }

    func plan(removing isRemoval: Bool = false) throws -> ProvisioningPlan {
        let parts = PublisherContext.example(transport: transport, environment: environment)
        let context = ProvisioningContext(
            logger: parts.logger, transport: transport, now: parts.now, sleep: { _ in }, environment: parts.environment,
            files: FilesInMemory(), issuer: Issuer(entra: entra), administration: Administration(programs: programs))
        let request = ProvisioningRequest(
            cluster: cluster, name: "azure", host: host, path: path, audiences: audiences, owner: owner,
            publisherSubject: "sts-gateway:publisher:\(cluster):azure",
            settings: .object([.init("tenant", .string(EntraInMemory.tenant))] + more), publish: publish,
            serving: serving, roles: roles)
        let plan =
            try isRemoval
            ? AzureProvider.deprovisioning(for: request, context: context)
            : AzureProvider.provisioning(for: request, context: context)
        guard let plan else { throw ProvisioningError(.permanent, "no plan") }
        return plan
    }

    /// - Returns: how many changes were made.
    @discardableResult
    func apply(removing isRemoval: Bool = false) async throws -> Int {
        let plan = try plan(removing: isRemoval)
        _ = try await plan.identity()
        return try await Provisioning(steps: plan.steps, sleep: { _ in }, report: { _ in }).apply()
    }

    /// The findings of a plan.
    func planned(removing isRemoval: Bool = false) async throws -> [ProvisioningFinding] {
        let plan = try plan(removing: isRemoval)
        _ = try await plan.identity()
        return try await Provisioning(steps: plan.steps, sleep: { _ in }, report: { _ in }).plan()
            .map { try $0.finding.get() }
    }
}
