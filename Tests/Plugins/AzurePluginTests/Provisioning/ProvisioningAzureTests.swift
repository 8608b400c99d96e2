import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import AzurePlugin

@Suite("The provisioning of federated credentials")
struct ProvisioningAzureTests {
    private let entra = EntraInMemory()
    private let web = EntraInMemory.managed("web")

    private func credentials(_ path: String) -> [FederatedCredential] {
        entra.state.identities[path]?.credentials.compactMap(FederatedCredential.init) ?? []
    }

    private func endpoint(_ roles: ProvisioningRole...) -> ProvisionedEndpoint {
        var endpoint = ProvisionedEndpoint(entra)
        if !roles.isEmpty { endpoint.roles = roles }
        return endpoint
    }

    private var application: ProvisioningRole {
        ProvisioningRole(
            name: EntraInMemory.application, subjects: ["production:myns:web", "production:myns:worker"])
    }

    @Test("A managed identity is created with tags, and trusts issuer, subject and audience")
    func managed() async throws {
        try await endpoint().apply()
        let found = try #require(credentials(web).first)
        #expect(credentials(web).count == 1)
        #expect(found.issuer == "https://issuer.example.com/azure" && found.subject == "production:myns:web")
        #expect(found.audiences == ["api://AzureADTokenExchange"])
        #expect(found.name.hasPrefix("sts-production-azure-") && found.name.count <= 120)
        #expect(
            entra.state.identities[web]?.tags == [
                "sts-gateway-cluster": "production", "sts-gateway-endpoint": "azure",
                "sts-gateway-owner": "owner-one",
            ])
    }

    @Test("An app registration gets one credential for each ServiceAccount")
    func applications() async throws {
        await #expect(throws: ProvisioningError.self) { try await endpoint(application).apply() }
        entra.state.identities[EntraInMemory.app] = .init()
        try await endpoint(application).apply()
        #expect(
            credentials(EntraInMemory.app).map(\.subject) == ["production:myns:web", "production:myns:worker"])
    }

    @Test("A second run changes nothing, and a plan neither")
    func idempotent() async throws {
        entra.state.identities[EntraInMemory.app] = .init()
        let both = endpoint(.init(name: "workloads/web", subjects: ["production:myns:web"]), application)
        let planned = try await both.planned().flatMap(\.changes)
        #expect(planned.count == 4 && entra.takeWrites() == [])
        #expect(planned.allSatisfy { !$0.request.contains("secret") && !$0.request.contains("Bearer") })
        try await both.apply()
        _ = entra.takeWrites()
        #expect(try await both.apply() == 0)
        #expect(entra.takeWrites() == [])
    }

    @Test("A plan before the first key ring has placeholders")
    func withoutOwner() async throws {
        var endpoint = endpoint()
        endpoint.owner = nil
        let requests = try await endpoint.planned().flatMap(\.changes).map(\.request)
        #expect(requests.count == 2 && requests[1].contains("${role.credential}"))
    }

    @Test("After a fault at any call the next run reaches the same state", arguments: EntraInMemory.Fault.allCases)
    func resumable(_ fault: EntraInMemory.Fault) async throws {
        func start() -> EntraInMemory {
            let entra = EntraInMemory()
            entra.state.identities[EntraInMemory.app] = .init()
            return entra
        }
        let roles = [ProvisioningRole(name: "workloads/web", subjects: ["a:b:c", "a:b:d"]), application]
        let reference = start()
        var endpoint = ProvisionedEndpoint(reference)
        endpoint.roles = roles
        try await endpoint.apply()
        for call in 0..<reference.calls {
            let entra = start()
            entra.fail(fault, atCall: call)
            var endpoint = ProvisionedEndpoint(entra)
            endpoint.roles = roles
            _ = try? await endpoint.apply()
            try await endpoint.apply()
            #expect(entra.state == reference.state, "\(fault.rawValue) at call \(call)")
        }
    }

    @Test("What was changed by hand is repaired, and a credential of a removed ServiceAccount is deleted")
    func repair() async throws {
        try await endpoint(.init(name: "workloads/web", subjects: ["a:b:c", "a:b:d"])).apply()
        var identity = try #require(entra.state.identities[web])
        let name = try #require(identity.credentials[0]["name"])
        identity.credentials[0] = [
            "name": name,
            "properties": ["issuer": "https://other.example.com", "subject": "a:b:c", "audiences": ["x"]],
        ]
        identity.credentials.append([
            "name": "by-hand",
            "properties": ["issuer": "https://other.example.com", "subject": "x", "audiences": ["y"]],
        ])
        entra.state.identities[web] = identity
        let changes = try await endpoint(.init(name: "workloads/web", subjects: ["a:b:c"])).planned().flatMap(\.changes)
        #expect(
            changes.map(\.title) == [
                "delete the federated credential of a:b:d", "correct the federated credential of a:b:c",
            ])
        #expect(changes[1].differences.contains("- issuer: https://other.example.com"))
        try await endpoint(.init(name: "workloads/web", subjects: ["a:b:c"])).apply()
        #expect(credentials(web).map(\.subject) == ["a:b:c", "x"])
    }

    @Test("A credential of the same issuer and subject by somebody else counts, unless its audience differs")
    func others() async throws {
        func byHand(_ audience: String) -> JSONValue {
            [
                "name": "by-hand",
                "properties": [
                    "issuer": "https://issuer.example.com/azure", "subject": "production:myns:web",
                    "audiences": [.string(audience)],
                ],
            ]
        }
        entra.state.identities[web] = .init(credentials: [byHand("api://AzureADTokenExchange")])
        let findings = try await endpoint().planned()
        #expect(findings.flatMap(\.changes).isEmpty)
        #expect(findings[1].notes == [#"production:myns:web: the federated credential "by-hand" exists, and stays"#])
        entra.state.identities[web] = .init(credentials: [byHand("api://other")])
        let error = try await #require(throws: ProvisioningError.self) { try await endpoint().apply() }
        #expect(error.message.contains("with another audience, api://other"))
    }

    @Test("The 21st credential of an identity is rejected before anything is written")
    func limit() async throws {
        let subjects = (1...20).map { "a:b:\($0)" }
        try await endpoint(.init(name: "workloads/web", subjects: subjects)).apply()
        #expect(credentials(web).count == 20)
        _ = entra.takeWrites()
        let error = try await #require(throws: ProvisioningError.self) {
            try await endpoint(.init(name: "workloads/web", subjects: subjects + ["a:b:21"])).apply()
        }
        #expect(error.message.contains("would have 21 federated credentials, and Azure allows 20"))
        #expect(entra.takeWrites() == [])
        // One is replaced by another.
        try await endpoint(.init(name: "workloads/web", subjects: subjects.dropFirst() + ["a:b:21"])).apply()
        #expect(credentials(web).count == 20)
    }

    @Test("Two clusters with equal names share an identity without touching each other's credentials")
    func clusters() async throws {
        try await endpoint().apply()
        var other = endpoint(.init(name: "workloads/web", subjects: ["production:myns:web"]))
        other.owner = "owner-two"
        other.host = "other.example.com"
        try await other.apply()
        #expect(credentials(web).count == 2)
        try await endpoint().apply(removing: true)
        #expect(credentials(web).map(\.issuer) == ["https://other.example.com/azure"])
    }

    @Test("Deprovisioning deletes its credentials, and an identity that it has created and nobody else uses")
    func removal() async throws {
        try await endpoint().apply()
        let plan = try await endpoint().planned(removing: true).flatMap(\.changes).map(\.title)
        #expect(
            plan == [
                "delete the federated credential of production:myns:web",
                #"delete the managed identity "workloads/web""#,
            ])
        try await endpoint().apply(removing: true)
        #expect(entra.state.identities.isEmpty)
        #expect(try await endpoint().apply(removing: true) == 0)
        entra.state.identities[web] = .init()
        try await endpoint().apply()
        let kept = try await endpoint().planned(removing: true).flatMap(\.kept)
        #expect(kept == [#"the managed identity "workloads/web": it existed before, or another endpoint has it"#])
        try await endpoint().apply(removing: true)
        #expect(entra.state.identities[web]?.credentials == [])
    }

    @Test("Terraform has the same resources, and imports what exists")
    func terraform() async throws {
        entra.state.identities[EntraInMemory.app] = .init()
        let both = endpoint(.init(name: "workloads/web", subjects: ["production:myns:web"]), application)
        let template = try #require(try both.plan().template)
        let first = try await template(.terraform)
        #expect(!first.contains("import {"))
        #expect(
            first.contains(#"resource "azurerm_federated_identity_credential" "sts_workloads_web_production_myns_web""#)
        )
        #expect(first.contains("parent_id = azurerm_user_assigned_identity.sts_workloads_web.id"))
        #expect(first.contains(#"resource "azuread_application_federated_identity_credential""#))
        try await both.apply()
        let second = try await template(.terraform)
        #expect(second.contains("to = azurerm_user_assigned_identity.sts_workloads_web"))
        await #expect(throws: ProvisioningError.self) { try await template(.cloudformation) }
    }

    @Test("A check says who can use an identity")
    func check() async throws {
        try await endpoint(.init(name: "workloads/web", subjects: ["a:b:d", "a:b:c"])).apply()
        let check = try #require(try endpoint().plan().check)
        let checks = try await check()
        #expect(checks.map(\.summary) == ["a:b:c, a:b:d"] && checks[0].errors == [])
    }

    @Test("A subscription of another tenant is rejected")
    func otherTenant() async throws {
        entra.setSubscriptionTenant("00000000-0000-4000-8000-000000000000")
        let error = try await #require(throws: ProvisioningError.self) { try await endpoint().apply() }
        #expect(error.message.contains("belongs to the tenant 00000000-0000-4000-8000-000000000000"))
    }

    @Test("What cannot be provisioned is an error of the configuration, each with its key")
    func settings() {
        func keys(_ change: (inout ProvisionedEndpoint) -> Void) -> [String] {
            var endpoint = endpoint()
            change(&endpoint)
            do {
                _ = try endpoint.plan()
                return []
            } catch {
                return (error as? SettingsErrors)?.errors.map(\.key) ?? ["\(error)"]
            }
        }
        #expect(keys { $0.host = nil } == ["issuer.host"])
        #expect(keys { $0.audiences = ["a", "b"] } == ["audience"])
        #expect(keys { $0.roles = [] } == ["provision.roles"])
        #expect(keys { $0.environment["AZURE_SUBSCRIPTION_ID"] = nil } == ["provision.roles.workloads/web.account"])
        #expect(
            keys { $0.roles = [.init(name: "no-group", subjects: []), .init(name: "a/../b", subjects: [])] } == [
                "provision.roles.no-group", "provision.roles.a/../b",
            ])
        #expect(
            keys {
                $0.roles = [
                    .init(
                        name: EntraInMemory.application, account: EntraInMemory.subscription, subjects: [],
                        policies: ["x"], allowsSessionTags: true, maximumSession: 3_600)
                ]
            }.map { $0.split(separator: ".").last } == ["policies", "sessionTags", "maxSession", "account"])
        #expect(
            keys { $0.more = [.init("endpoints", ["graph": "http://graph.example.com"])] } == [
                "settings.endpoints.graph"
            ])
    }
}
