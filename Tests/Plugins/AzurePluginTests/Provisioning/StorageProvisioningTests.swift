import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import AzurePlugin

@Suite("The provisioning of a storage account for the documents")
struct StorageProvisioningTests {
    private let entra = EntraInMemory()

    private func endpoint(of entra: EntraInMemory) -> ProvisionedEndpoint {
        var endpoint = ProvisionedEndpoint(entra)
        endpoint.host = nil
        endpoint.path = "/documents"
        endpoint.serving = "container"
        endpoint.roles = []
        endpoint.more = [.init("resourceGroup", "workloads")]
        return endpoint
    }

    private var names: CredentialNames {
        CredentialNames(cluster: "production", endpoint: "azure", owner: "owner-one")
    }
    private var account: String {
        "/subscriptions/\(EntraInMemory.subscription)/resourceGroups/workloads/providers/Microsoft.Storage/"
            + "storageAccounts/\(names.account)"
    }
    private var container: String { "\(account)/blobServices/default/containers/documents" }

    @Test("An account, a public container, the publisher's identity and its permission are created")
    func created() async throws {
        try await endpoint(of: entra).apply()
        let state = entra.state
        let stored = try #require(state.storage.accounts[account])
        #expect(names.account.count <= 24 && stored["tags"] == names.tags)
        #expect(stored["properties"]?["allowSharedKeyAccess"] == false)
        #expect(state.storage.containers[container]?["properties"]?["publicAccess"] == "Blob")
        let identity = EntraInMemory.managed(names.publisher)
        let credential = try #require(
            state.identities[identity]?.credentials.compactMap(FederatedCredential.init).first)
        #expect(credential.issuer == "https://\(names.account).blob.core.windows.net/documents")
        #expect(credential.subject == "sts-gateway:publisher:production:azure")
        let assignment = try #require(state.storage.assignments.values.first?["properties"])
        #expect(assignment["principalId"]?.stringValue == EntraInMemory.principal(identity))
        #expect(assignment["scope"]?.stringValue == container)
        #expect(state.storage.documents.count == 2)
        #expect(
            state.storage.publish == [
                "account": .string(names.account), "container": "documents",
                "tenant": .string(EntraInMemory.tenant), "client": "c",
            ])
        _ = entra.takeWrites()
        #expect(try await endpoint(of: entra).apply() == 0)
        #expect(entra.takeWrites() == [])
        let blockOfTheFile = state.storage.publish
        var configured = endpoint(of: entra)
        (configured.publish, configured.host) = (blockOfTheFile, "\(names.account).blob.core.windows.net")
        #expect(try await configured.apply() == 0)
    }

    @Test("A plan changes nothing, also before the first key ring")
    func planned() async throws {
        let titles = try await endpoint(of: entra).planned().flatMap(\.changes).map(\.title)
        #expect(
            titles == [
                "create the storage account \(names.account)", "create the container documents",
                "create the managed identity \"workloads/\(names.publisher)\"",
                "create the federated credential of sts-gateway:publisher:production:azure",
                "assign Storage Blob Data Contributor of the container to the publisher", "upload the documents",
            ])
        var first = endpoint(of: entra)
        first.owner = nil
        #expect(try await first.planned().flatMap(\.changes).count == 3)
        #expect(entra.takeWrites() == [])
    }

    @Test("A run that fails at any call is completed by the next one", arguments: EntraInMemory.Fault.allCases)
    func faults(_ fault: EntraInMemory.Fault) async throws {
        let reference = EntraInMemory()
        try await endpoint(of: reference).apply()
        for call in 0..<reference.calls {
            let entra = EntraInMemory()
            entra.fail(fault, atCall: call)
            _ = try? await endpoint(of: entra).apply()
            try await endpoint(of: entra).apply()
            #expect(entra.state == reference.state, "\(fault.rawValue) at call \(call)")
        }
    }

    @Test("What was changed by hand is repaired")
    func repair() async throws {
        try await endpoint(of: entra).apply()
        let before = entra.state
        entra.state.storage.accounts[account] = [
            "tags": names.tags,
            "properties": ["allowBlobPublicAccess": false, "supportsHttpsTrafficOnly": true],
        ]
        entra.state.storage.containers[container] = [
            "properties": ["publicAccess": "None", "metadata": ["stsgatewayowner": .string(names.suffix)]]
        ]
        entra.state.storage.assignments = [:]
        try await endpoint(of: entra).apply()
        let after = entra.state.storage
        #expect(after.containers == before.storage.containers && after.assignments == before.storage.assignments)
        #expect(after.accounts[account]?["properties"]?["allowSharedKeyAccess"] == false)
        #expect(after.accounts[account]?["properties"]?["allowBlobPublicAccess"] == true)
    }

    @Test("An account or a container of somebody else is not changed")
    func foreign() async throws {
        func problem() async -> String {
            do {
                try await endpoint(of: entra).apply()
                return ""
            } catch {
                return "\(error)"
            }
        }
        entra.state.storage.accounts[account] = ["tags": ["sts-gateway-owner": "owner-two"]]
        #expect(await problem().contains("belongs to another installation"))
        entra.state.storage.accounts[account] = ["properties": ["allowBlobPublicAccess": false]]
        #expect(await problem().contains("does not allow public blobs"))
        entra.state.storage.accounts[account] = ["properties": ["allowBlobPublicAccess": true]]
        entra.state.storage.containers[container] = ["properties": ["publicAccess": "None"]]
        #expect(await problem().contains("is private, and provisioning has not created it"))
        entra.state.storage.containers[container] = [
            "properties": ["publicAccess": "Blob", "metadata": ["stsgatewayowner": "other"]]
        ]
        #expect(await problem().contains("belongs to another installation"))
        entra.state.storage = StorageInMemory()
        entra.state.storage.taken = names.account
        #expect(await problem().contains("somebody else has an account of this name; set publish.account"))
        #expect(entra.state.storage.accounts.isEmpty)
    }

    @Test("An account that exists is used, and stays as it is")
    func existing() async throws {
        let own: JSONValue = ["properties": ["allowBlobPublicAccess": true]]
        let path = account.replacing(names.account, with: "ours")
        entra.state.storage.accounts[path] = own
        var endpoint = endpoint(of: entra)
        endpoint.publish = ["account": "ours"]
        try await endpoint.apply()
        #expect(entra.state.storage.accounts == [path: own])
        try await endpoint.apply(removing: true)
        #expect(entra.state.storage.accounts == [path: own] && entra.state.storage.containers.isEmpty)
    }

    @Test("Who runs the command needs the role too, which the error says")
    func uploadDenied() async throws {
        entra.state.storage.isUploadDenied = true
        let error = try await #require(throws: ProvisioningError.self) { try await endpoint(of: entra).apply() }
        #expect(error.message.contains("you need it too for the first upload: az role assignment create"))
    }

    @Test("Deprovisioning deletes what was created")
    func removal() async throws {
        try await endpoint(of: entra).apply()
        try await endpoint(of: entra).apply(removing: true)
        let state = entra.state
        #expect(state.identities.isEmpty && state.storage.accounts.isEmpty && state.storage.containers.isEmpty)
        #expect(state.storage.assignments.isEmpty)
        #expect(try await endpoint(of: entra).apply(removing: true) == 0)
    }

    @Test("Deprovisioning keeps what others use")
    func kept() async throws {
        try await endpoint(of: entra).apply()
        entra.state.storage.documents.append("logo.png")
        entra.state.storage.others["queues"] = ["orders"]
        var kept = try await endpoint(of: entra).planned(removing: true).flatMap(\.kept)
        #expect(
            kept == [
                "the container documents: it has other blobs",
                "the storage account \(names.account): it has other queues",
            ])
        var other = endpoint(of: entra)
        (other.owner, other.publish) = ("owner-two", ["account": .string(names.account)])
        kept = try await other.planned(removing: true).flatMap(\.kept)
        #expect(kept.count == 2 && kept.allSatisfy { $0.hasSuffix("it was not created by this endpoint") })
    }

    @Test("Terraform has the same resources, and imports what exists")
    func terraform() async throws {
        let template = try #require(try endpoint(of: entra).plan().template)
        let first = try await template(.terraform)
        #expect(!first.contains("import {") && first.contains(#"resource "azurerm_storage_account" "sts""#))
        #expect(first.contains("principal_id = azurerm_user_assigned_identity.sts_workloads_"))
        #expect(first.contains(#"subject = "sts-gateway:publisher:production:azure""#))
        try await endpoint(of: entra).apply()
        #expect(try await template(.terraform).contains("to = azurerm_storage_container.sts"))
    }

    @Test("Settings that do not fit are errors, all at once")
    func settings() throws {
        func problems(_ change: (inout ProvisionedEndpoint) -> Void) -> [String] {
            var endpoint = endpoint(of: entra)
            change(&endpoint)
            do throws(any Error) {
                _ = try endpoint.plan()
                return []
            } catch let errors as SettingsErrors {
                return errors.errors.map(\.key)
            } catch {
                return ["\(error)"]
            }
        }
        #expect(problems { $0.more = [] } == ["settings.resourceGroup"])
        #expect(problems { $0.environment["AZURE_SUBSCRIPTION_ID"] = nil } == ["settings.subscription"])
        #expect(problems { $0.path = "" } == ["issuer.path"])
        #expect(problems { $0.path = "/$web" }.contains("issuer.path"))
        #expect(problems { $0.publish = ["container": "others"] } == ["issuer.path"])
        #expect(problems { $0.publish = ["account": "Not-Valid"] }.contains("publish.account"))
        #expect(problems { $0.host = "issuer.example.com" } == ["issuer.host"])
        #expect(problems { $0.serving = "website" } == ["provision.serving"])
    }
}
