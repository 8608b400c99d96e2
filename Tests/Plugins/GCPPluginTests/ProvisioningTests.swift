import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization
import Testing

@testable import GCPPlugin

@Suite("Provisioning of Google Cloud")
struct ProvisioningTests {
    private let google = GoogleInMemory()

    /// The issuer of the provisioned endpoint: it uploads a key set, or two objects.
    private struct Issuer: ProvisionedIssuer {
        let google: GoogleInMemory
        let known: Known

        final class Known: Sendable {
            let values = Mutex<[(String, JSONValue)]>([])
        }

        func isKnown(host: String, publish: JSONValue) { known.values.withLock { $0.append((host, publish)) } }
        func staleDocuments(host: String, publish: JSONValue) async -> [String] {
            google.state.withLock { state in
                let isHeld = state.resources[GoogleInMemory.provider]?["oidc"]?["jwksJson"] != nil
                return isHeld || !state.objects.isEmpty ? [] : ["/certs"]
            }
        }
        func publishDocuments(host: String, publish: JSONValue) async {
            google.state.withLock { state in
                if let bucket = publish["bucket"]?.stringValue {
                    state.objects["\(bucket)/certs"] = .init(
                        generation: 1, metadata: ["name": "certs", "metadata": ["sts-owner": "ring"]], content: [])
                    return
                }
                state.resources[GoogleInMemory.provider] = state.resources[GoogleInMemory.provider]?
                    .setting(#"{"keys":[]}"#, at: "oidc", "jwksJson").setting(false, at: "disabled")
            }
        }
        func servingProblem(host: String, publish: JSONValue) async -> String? { nil }
    }

    private static let account = "projects/my-project-1/serviceAccounts/web-app@my-project-1.iam.gserviceaccount.com"
    private static let subject = "principal://iam.googleapis.com/\(GoogleInMemory.pool)/subject/"

    private let known = Issuer.Known()

    private func plan(
        host: String? = "sts.prod.internal", publish: JSONValue? = nil, serving: String? = nil,
        roles: [ProvisioningRole] = [], owner: String? = "ring", audiences: [String]? = nil, isRemoval: Bool = false,
        jwksPath: String? = nil
    ) throws -> ProvisioningPlan {
        let parts = PublisherContext.example(
            transport: google.transport, environment: ["CLOUDSDK_AUTH_ACCESS_TOKEN": "administrator"])
        let context = ProvisioningContext(
            logger: parts.logger, transport: parts.transport, now: parts.now, sleep: parts.sleep,
            environment: parts.environment, files: parts.files, issuer: Issuer(google: google, known: known))
        let request = ProvisioningRequest(
            cluster: "prod", name: "gcp", host: host, path: "",
            audiences: audiences ?? ["https://iam.googleapis.com/" + GoogleInMemory.provider], owner: owner,
            publisherSubject: "sts-gateway:publisher:prod:gcp",
            settings: [
                "projectNumber": "123456789012", "pool": "clusters", "provider": "prod-one", "project": "my-project-1",
            ], publish: publish, serving: serving, roles: roles, jwksPath: jwksPath)
        let plan =
            try isRemoval
            ? GCPProvider.deprovisioning(for: request, context: context)
            : GCPProvider.provisioning(for: request, context: context)
        return try #require(plan)
    }

    private func apply(_ plan: ProvisioningPlan, only: String? = nil) async throws -> Int {
        _ = try await plan.identity()
        return try await Provisioning(steps: plan.steps, only: only, sleep: { _ in }, report: { _ in }).apply()
    }

    private func planned(_ plan: ProvisioningPlan) async throws -> [String] {
        try await Provisioning(steps: plan.steps, sleep: { _ in }, report: { _ in }).plan()
            .flatMap { try $0.finding.get().changes.map(\.title) }
    }

    private let role = ProvisioningRole(name: "web-app", subjects: ["prod:shop:web", "prod:shop:cart"])

    @Test("Everything is created from nothing, and a second run changes nothing")
    func wholeWay() async throws {
        google.state.withLock { $0.readingsUntilDone = 2 }
        #expect(
            try await planned(try plan(roles: [role])) == [
                "create the pool clusters", "create the provider prod-one", "hand over the keys",
                "grant roles/iam.workloadIdentityPoolAdmin on \(GoogleInMemory.pool)",
                "create the service account web-app@my-project-1.iam.gserviceaccount.com",
                "grant roles/iam.workloadIdentityUser on \(Self.account)",
            ])
        #expect(google.state.withLock { $0.resources.isEmpty })
        #expect(try await apply(try plan(roles: [role])) == 6)
        let provider = try #require(google.resource(GoogleInMemory.provider))
        #expect(provider["oidc"]?["issuerUri"] == "https://sts.prod.internal" && provider["disabled"] == .bool(false))
        #expect(provider["attributeMapping"]?["google.subject"] == "assertion.sub")
        #expect(provider["description"] == "STS Gateway: cluster prod, endpoint gcp, owner ring")
        #expect(
            google.members(GoogleInMemory.pool, Grant.poolAdmin) == [Self.subject + "sts-gateway:publisher:prod:gcp"])
        #expect(
            google.members(Self.account, Grant.impersonation)
                == ["prod:shop:web", "prod:shop:cart"].map { Self.subject + $0 })
        #expect(try await planned(try plan(roles: [role])) == [])
        let (host, publish) = try #require(known.values.withLock { $0.last })
        #expect(host == "sts.prod.internal")
        #expect(publish == ["projectNumber": "123456789012", "pool": "clusters", "provider": "prod-one"])
    }

    @Test("Without a configured host the issuer is the private one, as the gateway itself has it")
    func privateHost() async throws {
        _ = try await apply(try plan(host: nil))
        let provider = try #require(google.resource(GoogleInMemory.provider))
        #expect(provider["oidc"]?["issuerUri"] == "https://gcp.prod.sts.internal")
        #expect(known.values.withLock { $0.last?.0 } == "gcp.prod.sts.internal")
    }

    @Test("A provider without keys is created disabled, so that Google never reads the issuer's host")
    func disabled() async throws {
        let plan = try plan()
        _ = try await apply(plan, only: "pool")
        _ = try await apply(plan, only: "provider")
        #expect(google.resource(GoogleInMemory.provider)?["disabled"] == .bool(true))
        _ = try await apply(plan, only: "keys")
        #expect(google.resource(GoogleInMemory.provider)?["disabled"] == .bool(false))
    }

    @Test("What others have added stays: conditions, attributes, members and bindings with conditions")
    func adopted() async throws {
        google.set(GoogleInMemory.pool, ["state": "ACTIVE"])
        google.addProvider(
            issuer: "https://sts.prod.internal", keys: #"{"keys":[]}"#,
            [
                "attributeCondition": "true",
                "attributeMapping": ["google.subject": "assertion.x", "attribute.a": "'b'"],
            ])
        google.state.withLock {
            $0.policies[GoogleInMemory.pool] = [
                "etag": "7",
                "bindings": [
                    ["role": .string(Grant.poolAdmin), "members": ["user:a"], "condition": ["expression": "true"]],
                    ["role": .string(Grant.poolAdmin), "members": ["user:b"]],
                ],
            ]
        }
        let custom = ["one", "https://iam.googleapis.com/" + GoogleInMemory.provider]
        #expect(try await apply(try plan(audiences: custom)) == 2)
        let provider = try #require(google.resource(GoogleInMemory.provider))
        #expect(
            provider["attributeCondition"] == "true" && provider["oidc"]?["allowedAudiences"]?.elementList?.count == 2)
        #expect(provider["attributeMapping"] == ["google.subject": "assertion.sub", "attribute.a": "'b'"])
        #expect(google.members(GoogleInMemory.pool, Grant.poolAdmin).count == 2)
        #expect(google.state.withLock { $0.policies[GoogleInMemory.pool]?["bindings"]?.elementList?.count } == 2)
        // The first owner's provider and pool are not deleted.
        let kept = try await Provisioning(
            steps: plan(isRemoval: true).steps, sleep: { _ in }, report: { _ in }
        ).plan().flatMap { try $0.finding.get().kept }
        #expect(kept.count == 2)
    }

    @Test("The provider of another installation, and of another issuer, is not touched")
    func foreign() async throws {
        google.set(GoogleInMemory.pool, ["state": "ACTIVE"])
        for (issuer, description) in [
            ("https://sts.prod.internal", "STS Gateway: cluster other, endpoint gcp, owner else"),
            ("https://other.example.com", ""),
        ] {
            google.addProvider(issuer: issuer, ["description": .string(description)])
            let before = google.resource(GoogleInMemory.provider)
            await #expect(throws: ProvisioningError.self) { try await apply(try plan()) }
            #expect(google.resource(GoogleInMemory.provider) == before)
        }
    }

    @Test("What was deleted is restored if it is ours; else its id is reserved")
    func deleted() async throws {
        _ = try await apply(try plan(roles: [role]))
        #expect(try await apply(try plan(roles: [role], isRemoval: true)) == 4)
        #expect(google.resource(GoogleInMemory.provider)?["state"] == "DELETED")
        #expect(google.resource(Self.account) == nil)
        #expect(try await planned(try plan(isRemoval: true)) == [])
        #expect(
            try await planned(try plan()).prefix(2) == ["restore the pool clusters", "restore the provider prod-one"])
        let error = await #expect(throws: ProvisioningError.self) { try await apply(try plan(owner: "another")) }
        #expect(error?.message.contains("reserved for 30 days") == true)
    }

    @Test("A pool with another provider, and an account that others impersonate, stay")
    func shared() async throws {
        _ = try await apply(try plan(roles: [role]))
        google.set("\(GoogleInMemory.pool)/providers/other", ["name": "other", "state": "ACTIVE"])
        google.state.withLock { state in
            state.policies[Self.account] =
                AccessPolicy(json: state.policies[Self.account] ?? .object([]))
                .adding(["user:a"], to: Grant.impersonation).json
        }
        let findings = try await Provisioning(
            steps: plan(roles: [role], isRemoval: true).steps, sleep: { _ in }, report: { _ in }
        ).plan().map { try $0.finding.get() }
        #expect(findings.flatMap(\.kept).count == 2)
        #expect(
            findings.flatMap { $0.changes.map(\.title) }.contains {
                $0.hasPrefix("remove roles/iam.workloadIdentityUser")
            })
    }

    @Test("With a bucket the documents are published first, and everybody may read them by name")
    func bucket() async throws {
        let bucket = Ownership(cluster: "prod", endpoint: "gcp", owner: "ring").bucket
        #expect(
            try await planned(try plan(host: nil, serving: "bucket", owner: nil)).first
                == "create the bucket ${bucket.name}")
        let plan = try plan(host: nil, serving: "bucket")
        #expect(plan.steps.map(\.id) == ["bucket", "documents", "serving", "pool", "provider", "publisher"])
        _ = try await apply(plan)
        #expect(google.members("gs://\(bucket)", Grant.objectReader) == ["allUsers"])
        #expect(google.members("gs://\(bucket)", Grant.objectUser).count == 1)
        let provider = try #require(google.resource(GoogleInMemory.provider))
        #expect(
            provider["oidc"]?["issuerUri"] == .string("https://\(bucket).storage.googleapis.com")
                && provider["disabled"] == nil)
        #expect(try await planned(try self.plan(host: nil, serving: "bucket")) == [])
        #expect(try await apply(try self.plan(host: nil, serving: "bucket", isRemoval: true)) > 0)
        #expect(google.resource("gs://\(bucket)") == nil)
    }

    @Test("The key set at a configured path is deleted with the others")
    func namedKeys() async throws {
        let bucket = Ownership(cluster: "prod", endpoint: "gcp", owner: "ring").bucket
        let plan = try plan(host: nil, serving: "bucket", jwksPath: "/openid/v1/jwks")
        _ = try await apply(plan)
        google.state.withLock { state in
            state.objects["\(bucket)/openid/v1/jwks"] = .init(
                generation: 1, metadata: ["name": "openid/v1/jwks", "metadata": ["sts-owner": "ring"]], content: [])
        }
        let removal = try self.plan(host: nil, serving: "bucket", isRemoval: true, jwksPath: "/openid/v1/jwks")
        #expect(try await planned(removal).contains("delete the object openid/v1/jwks"))
        #expect(try await apply(removal) > 0)
        #expect(google.state.withLock { $0.objects.isEmpty } && google.resource("gs://\(bucket)") == nil)
    }

    @Test("Terraform gets the same resources, and imports what exists")
    func terraform() async throws {
        let template = try #require(try plan(roles: [role]).template)
        let text = try await template(.terraform)
        #expect(!text.contains("import {"))
        for part in [
            #"resource "google_iam_workload_identity_pool" "sts_gcp""#,
            "ignore_changes = [disabled, oidc[0].jwks_json]",
            #""google.subject" = "assertion.sub""#, #"role = "roles/iam.workloadIdentityPoolAdmin""#,
            #"resource "google_service_account" "sts_gcp_web_app""#,
        ] { #expect(text.contains(part)) }
        _ = try await apply(try plan(roles: [role]))
        let again = try await template(.terraform)
        #expect(again.contains(#"id = "\#(GoogleInMemory.provider)""#))
        await #expect(throws: ProvisioningError.self) { try await template(.cloudformation) }
    }

    @Test("The check of a role names who is none of its ServiceAccounts")
    func check() async throws {
        _ = try await apply(try plan(roles: [role]))
        let check = try #require(try plan(roles: [role]).check)
        #expect(try await check().map(\.errors) == [[]])
        google.state.withLock { state in
            state.policies[Self.account] =
                AccessPolicy(json: state.policies[Self.account] ?? .object([]))
                .adding(["principalSet://x/*", Self.subject + "prod:a:b", "user:a"], to: Grant.impersonation).json
        }
        #expect(try await check().flatMap(\.errors).count == 2)
    }

    @Test("Keys without a meaning, and missing ones, are reported")
    func settings() {
        func keys(_ make: () throws -> ProvisioningPlan) -> [String] {
            do {
                _ = try make()
                return []
            } catch {
                return (error as? SettingsErrors)?.errors.map(\.key) ?? ["\(error)"]
            }
        }
        #expect(keys { try plan(host: nil) } == [])
        #expect(keys { try plan(host: nil, serving: "external") } == ["issuer.host"])
        #expect(keys { try plan(serving: "s3") } == ["provision.serving"])
        #expect(keys { try plan(publish: ["bucket": "b-1"], serving: "keys") } == ["provision.serving"])
        let wrong = ProvisioningRole(name: "Web", account: "1", subjects: ["a"], policies: ["p"], maximumSession: 3_600)
        #expect(
            keys { try plan(roles: [wrong]) } == [
                "provision.roles.Web.account", "provision.roles.Web.policies", "provision.roles.Web.maxSession",
                "provision.roles.Web",
            ])
    }
}
