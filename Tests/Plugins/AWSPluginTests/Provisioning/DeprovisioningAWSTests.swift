import AWSXML
import GatewayPluginAPI
import JSON
import Testing

@testable import AWSPlugin

@Suite struct DeprovisioningAWSTests {
    let cloud = CloudInMemory()
    static let host = "de1.cloudfront.net"
    static let provider = "arn:aws:iam::111111111111:oidc-provider/\(host)"
    static let tags = [
        "sts-gateway/cluster": "production", "sts-gateway/endpoint": "aws", "sts-gateway/owner": "owner-one",
    ]

    private static func trust(_ provider: String, _ subject: String = "production:shop:web") -> String {
        PolicyDocument([
            TrustStatement(
                provider: provider, issuer: host, audiences: ["sts.amazonaws.com"], subjects: [subject]
            ).json
        ]).text
    }

    /// A role trusts only what exists, and each host belongs to an existing distribution with its bucket.
    private func expectNothingDangles(_ before: CloudInMemory.State, _ comment: Comment) {
        let state = cloud.state
        for (name, role) in state.roles where role.trust.contains(Self.provider) {
            #expect(
                before.providers[Self.provider] == nil || state.providers[Self.provider] != nil,
                "\(comment): \(name) trusts a deleted provider")
            #expect(state.distributions["E1"] != nil, "\(comment): \(name) trusts the host of a deleted distribution")
        }
        for arn in state.providers.keys where arn.contains(Self.host) {
            #expect(
                state.distributions["E1"]?.configuration["Enabled"]?.text == "true",
                "\(comment): \(arn) has a free host")
        }
        for distribution in state.distributions.values {
            for origin in distribution.configuration["Origins"]?["Items"]?.children ?? [] {
                let bucket = origin["DomainName"]?.text.split(separator: ".").first.map(String.init) ?? ""
                #expect(state.buckets[bucket] != nil, "\(comment): a distribution reads the deleted bucket \(bucket)")
                let control = origin["OriginAccessControlId"]?.text ?? ""
                #expect(
                    control.isEmpty || state.controls[control] != nil,
                    "\(comment): a distribution uses a deleted access control")
            }
        }
    }

    @Test func `A key set at a configured path is in the publisher's policy, and is deleted with the others`()
        async throws
    {
        var endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        endpoint.jwksPath = "/openid/v1/jwks"
        try await endpoint.apply()
        let policies = cloud.state.roles.values.flatMap(\.policies.values)
        let bucket = try #require(cloud.state.buckets.keys.first)
        for key in ["certs", "openid/v1/jwks", ".well-known/openid-configuration"] {
            #expect(policies.contains { $0.contains("\"arn:aws:s3:::\(bucket)/\(key)\"") }, "\(key)")
        }
        #expect(cloud.state.buckets[bucket]?.objects.map(\.key).contains("openid/v1/jwks") ?? false)
        #expect(try await endpoint.plannedRemoval().kept == [])
        #expect(try await endpoint.remove() == [])
        #expect(cloud.state.buckets.isEmpty)
    }

    @Test func `All that was created is deleted, roles first and the bucket last, and a second run finds nothing`()
        async throws
    {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        try await endpoint.apply()
        cloud.state.roles["web"] = .init(
            trust: Self.trust(Self.provider), tags: Self.tags, policies: ["own": "{}"],
            attached: ["arn:aws:iam::aws:policy/ReadOnlyAccess"])
        cloud.deployChanges(after: 3)
        _ = cloud.takeWrites()
        let planned = try await endpoint.plannedRemoval()
        #expect(planned.kept == [])
        #expect(cloud.takeWrites() == [])
        #expect(try await endpoint.remove() == [])
        var expected = CloudInMemory.State()
        expected.documents = 1
        #expect(cloud.state == expected)
        #expect(
            cloud.takeWrites() == [
                "DetachRolePolicy", "DeleteRolePolicy", "DeleteRole", "DeleteRolePolicy", "DeleteRole",
                "DeleteOpenIDConnectProvider", "PUT distribution", "DELETE distribution",
                "DELETE origin-access-control", "DELETE certs", "DELETE .well-known/openid-configuration", "DELETE ",
            ])
        #expect(try await endpoint.remove() == [])
        #expect(cloud.takeWrites() == [])
    }

    @Test func `Of two clusters with equal names only the one that is deprovisioned goes`() async throws {
        let other = ProvisionedEndpointInMemory(cloud: cloud, owner: "owner-two")
        try await other.apply()
        let before = cloud.state
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        cloud.state.documents = 0
        try await endpoint.apply()
        #expect(cloud.state.buckets.count == 2)
        #expect(try await endpoint.remove() == [])
        #expect(cloud.state == before)
        #expect(try await other.apply() == 0)
    }

    @Test func `An adopted bucket gets back its tags, statements and documents, byte for byte`() async throws {
        let statement =
            #"{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"#
            + #""Action":"s3:GetObject","Resource":"arn:aws:s3:::documents-example/*","#
            + #""Condition":{"NumericGreaterThan":{"s3:TlsVersion":"1.2"},"Bool":{"aws:SecureTransport":true}}}"#
        for (policy, tags) in [
            (#"{"Version":"2008-10-17","Id":"theirs","Statement":[\#(statement)]}"#, ["team": "one"]), (nil, [:]),
        ] {
            let cloud = CloudInMemory()
            cloud.state.buckets["documents-example"] = .init(
                tags: tags, settings: ["versioning": "<VersioningConfiguration/>"], policy: policy,
                objects: [
                    .init(key: "certs", id: "old"), .init(key: "certs", id: "marker", isDeleteMarker: true),
                    .init(key: "certs-of-theirs", id: "theirs", owner: "owner-one"),
                ])
            let before = cloud.state.buckets
            let endpoint = ProvisionedEndpointInMemory(cloud: cloud, publish: ["bucket": "documents-example"])
            try await endpoint.apply()
            #expect(cloud.state.buckets["documents-example"]?.policy?.contains(statement) == (policy != nil))
            #expect(cloud.state.buckets != before)
            let kept = try await endpoint.remove()
            #expect(kept.contains { $0.contains("documents-example") && $0.contains("not created by this endpoint") })
            #expect(cloud.state.buckets == before)
            #expect(cloud.state.distributions.isEmpty && cloud.state.roles.isEmpty && cloud.state.controls.isEmpty)
        }
    }

    @Test func `Adopted role and provider get back what they had, and keep what is below them`() async throws {
        let theirs = Self.trust("arn:aws:iam::111111111111:oidc-provider/issuer.example", "theirs")
        cloud.state.roles["publisher"] = .init(trust: theirs, tags: ["team": "one"], policies: ["theirs": "{}"])
        cloud.state.providers[Self.provider] = .init(audiences: ["theirs"], tags: ["team": "one"])
        let before = cloud.state
        let endpoint = ProvisionedEndpointInMemory(
            cloud: cloud, publish: ["role": "arn:aws:iam::111111111111:role/publisher"])
        try await endpoint.apply()
        #expect(cloud.state.providers[Self.provider]?.audiences == ["theirs", "sts.amazonaws.com"])
        #expect(cloud.state.roles["publisher"]?.policies.count == 2)
        let provisioned = cloud.state
        let kept = try await endpoint.remove()
        #expect(cloud.state.roles == before.roles)
        #expect(cloud.state.providers == before.providers)
        #expect(cloud.state.distributions == provisioned.distributions)
        #expect(cloud.state.buckets == provisioned.buckets)
        #expect(kept.filter { $0.contains("not created by this endpoint") }.count == 2)
        expectNothingDangles(provisioned, "adopted provider")
    }

    @Test func `An adopted distribution loses its tags only`() async throws {
        try await ProvisionedEndpointInMemory(cloud: cloud).apply()
        cloud.state.distributions["E1"]?.tags = ["team": "one"]
        cloud.state.distributions["E1"]?.configuration = try #require(cloud.state.distributions["E1"]).configuration
            .setting(.text("Comment", "theirs"))
        let before = cloud.state.distributions
        let bucket = try #require(cloud.state.buckets.keys.first)
        let endpoint = ProvisionedEndpointInMemory(
            cloud: cloud, publish: ["bucket": .string(bucket), "distribution": "E1"])
        try await endpoint.apply()
        #expect(cloud.state.distributions != before)
        let provisioned = cloud.state
        let kept = try await endpoint.remove()
        #expect(cloud.state.distributions == before)
        #expect(cloud.state.providers.isEmpty && cloud.state.roles.isEmpty)
        #expect(cloud.state.buckets == provisioned.buckets)
        #expect(kept.contains { $0.contains("distribution E1") && $0.contains("not created by this endpoint") })
        expectNothingDangles(provisioned, "adopted distribution")
    }

    enum Use: String, CaseIterable, Sendable {
        case role, roleWithWildcard, roleOfDeletedProvider, instanceProfile, providerOfAnotherPath, unreadableRoles
        case unreadableProviders, alias, origin, otherDistribution, version, deleteMarker, statement, foreignProvider
    }

    /// Adds somebody else's use; returns what has to stay, and a word of the reason.
    private func add(_ use: Use) throws -> (stays: Set<String>, reason: String) {
        let bucket = try #require(cloud.state.buckets.keys.first)
        let below: Set = ["distribution", "control", "bucket"]
        switch use {
        case .role:
            cloud.state.roles["theirs"] = .init(trust: Self.trust(Self.provider), tags: [:])
            return (below.union(["provider"]), "role/theirs")
        case .roleWithWildcard:
            cloud.state.roles["theirs"] = .init(
                trust: #"{"Statement":{"Effect":"Allow","Principal":{"Federated":"*"},"Action":"sts:Assume*"}}"#,
                tags: [:])
            return (below.union(["provider"]), "role/theirs")
        case .roleOfDeletedProvider:
            cloud.state.roles["theirs"] = .init(trust: Self.trust(Self.provider), tags: [:])
            cloud.state.providers = [:]
            return (below, "role/theirs")
        case .instanceProfile:
            cloud.state.roles["web"] = .init(
                trust: Self.trust(Self.provider), tags: Self.tags, instanceProfile: "profile")
            return (below.union(["provider"]), "instance profile")
        case .providerOfAnotherPath:
            cloud.state.providers[Self.provider + "/other"] = .init(audiences: [], tags: [:])
            return (below, Self.host + "/other")
        case .foreignProvider:
            var tags = Self.tags
            tags["sts-gateway/owner"] = "owner-two"
            cloud.state.providers[Self.provider]?.tags = tags
            return (below.union(["provider"]), "belongs to")
        case .unreadableRoles:
            cloud.deny("ListRoles")
            return (below.union(["provider"]), "cannot be read")
        case .unreadableProviders:
            cloud.deny("ListOpenIDConnectProviders")
            return (below.union(["provider"]), "cannot be read")
        case .alias:
            change("Aliases") { _ in .list("Aliases", [.text("CNAME", "theirs.example")]) }
            return (below, "theirs.example")
        case .origin:
            change("Origins") { origins in
                .list(
                    "Origins",
                    (origins?["Items"]?.children ?? []) + [
                        .tree("Origin", [.text("Id", "theirs"), .text("DomainName", "\(bucket).s3.example")])
                    ])
            }
            return (below, "s3.example")
        case .otherDistribution:
            let found = try #require(cloud.state.distributions["E1"])
            cloud.state.distributions["E9"] = .init(
                configuration: found.configuration.setting(.text("Comment", "theirs"))
                    .setting(.text("CallerReference", "theirs")))
            return (["control", "bucket"], "distribution E9")
        case .version:
            cloud.state.buckets[bucket]?.objects.append(.init(key: "theirs", id: "v9"))
            return (["bucket"], "a version of \"theirs\"")
        case .deleteMarker:
            cloud.state.buckets[bucket]?.objects.insert(.init(key: "theirs", id: "v9", isDeleteMarker: true), at: 0)
            return (["bucket"], "a delete marker of \"theirs\"")
        case .statement:
            let policy = try #require(cloud.state.buckets[bucket]?.policy)
            cloud.state.buckets[bucket]?.policy =
                PolicyDocument(parsing: Array(policy.utf8))?
                .setting("Theirs", ["Sid": "Theirs", "Effect": "Allow", "Principal": "*"]).text
            return (["bucket"], "Theirs")
        }
    }

    private func change(_ name: String, _ make: (XMLElement?) -> XMLElement) {
        guard let found = cloud.state.distributions["E1"] else { return }
        cloud.state.distributions["E1"]?.configuration = found.configuration.setting(make(found.configuration[name]))
    }

    @Test(arguments: Use.allCases)
    func `What somebody else still uses stays with everything below it, and says why`(_ use: Use) async throws {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        try await endpoint.apply()
        let (stays, reason) = try add(use)
        let before = cloud.state
        let planned = try await endpoint.plannedRemoval()
        #expect(cloud.state == before)
        let kept = try await endpoint.remove()
        #expect(planned.kept == kept)
        #expect(kept.contains { $0.contains(reason) }, "\(kept)")
        let state = cloud.state
        #expect((state.providers[Self.provider] != nil) == stays.contains("provider"))
        #expect((state.distributions["E1"] != nil) == stays.contains("distribution"))
        #expect(!state.controls.isEmpty == stays.contains("control"))
        #expect(!state.buckets.isEmpty == stays.contains("bucket"))
        if stays.contains("distribution") { #expect(state.distributions["E1"] == before.distributions["E1"]) }
        if stays.contains("bucket") { #expect(state.buckets == before.buckets) }
        expectNothingDangles(before, "\(use.rawValue)")
        // With the same use the next run changes nothing more.
        _ = cloud.takeWrites()
        #expect(try await endpoint.remove() == kept)
        #expect(cloud.takeWrites() == [])
    }

    @Test func `An untagged bucket of an interrupted first run is deleted`() async throws {
        let reference = CloudInMemory()
        try await ProvisionedEndpointInMemory(cloud: reference).apply()
        let name = try #require(reference.state.buckets.keys.first)
        cloud.state.buckets[name] = .init()
        #expect(try await ProvisionedEndpointInMemory(cloud: cloud).remove() == [])
        #expect(cloud.state.buckets.isEmpty)
    }

    @Test func `Without a distribution and a configured host the tags identify the provider and its roles`()
        async throws
    {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        try await endpoint.apply()
        cloud.state.roles["web"] = .init(trust: Self.trust(Self.provider), tags: Self.tags)
        cloud.state.distributions = [:]
        #expect(try await endpoint.remove() == [])
        #expect(cloud.state.providers.isEmpty && cloud.state.roles.isEmpty && cloud.state.buckets.isEmpty)
    }
}
