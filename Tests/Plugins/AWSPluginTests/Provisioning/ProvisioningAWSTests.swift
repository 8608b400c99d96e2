import AWSXML
import GatewayPluginAPI
import JSON
import Testing

@testable import AWSPlugin

@Suite struct ProvisioningAWSTests {
    let cloud = CloudInMemory()

    private func bucketPolicy() throws -> PolicyDocument {
        let text = try #require(cloud.state.buckets.values.first?.policy)
        return try #require(PolicyDocument(parsing: Array(text.utf8)))
    }

    @Test func `An empty account gets bucket, distribution, provider and publisher role, bound to each other`()
        async throws
    {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        try await endpoint.apply()
        let state = cloud.state
        #expect([state.buckets.count, state.controls.count, state.distributions.count] == [1, 1, 1])
        let bucket = try #require(state.buckets.first)
        #expect(bucket.value.settings.keys.sorted() == ["ownershipControls", "publicAccessBlock", "versioning"])
        let distribution = try #require(state.distributions.first)
        let origin = try #require(distribution.value.configuration["Origins"]?["Items"]?.children.first)
        #expect(origin["DomainName"]?.text == "\(bucket.key).s3.eu-central-1.amazonaws.com")
        #expect(origin["OriginAccessControlId"]?.text == state.controls.keys.first)
        let statement = try #require(bucketPolicy().statements.first)
        #expect(
            statement["Condition"]?["StringEquals"]?["AWS:SourceArn"]
                == "arn:aws:cloudfront::111111111111:distribution/E1")
        #expect(
            statement["Resource"]
                == .array(
                    ["certs", ".well-known/openid-configuration"].map {
                        .string("arn:aws:s3:::\(bucket.key)/\($0)")
                    }))
        let provider = try #require(state.providers["arn:aws:iam::111111111111:oidc-provider/de1.cloudfront.net"])
        #expect(provider.audiences == ["sts.amazonaws.com"])
        let role = try #require(state.roles.first)
        let trust = try #require(PolicyDocument(parsing: Array(role.value.trust.utf8))?.statements.first)
        #expect(
            trust["Condition"]?["StringEquals"] == [
                "de1.cloudfront.net:aud": "sts.amazonaws.com",
                "de1.cloudfront.net:sub": "sts-gateway:publisher:production:aws",
            ])
        #expect(state.documents == 1)
        let publish = try #require(endpoint.values.last).publish
        #expect(publish["role"] == .string("arn:aws:iam::111111111111:role/\(role.key)"))
        #expect(publish["distribution"] == "E1")
        for tags in [bucket.value.tags, distribution.value.tags, provider.tags, role.value.tags] {
            #expect(
                tags == [
                    "sts-gateway/cluster": "production", "sts-gateway/endpoint": "aws",
                    "sts-gateway/owner": "owner-one",
                ])
        }
    }

    @Test func `A second run changes nothing, also with the written configuration`() async throws {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        try await endpoint.apply()
        _ = cloud.takeWrites()
        #expect(try await endpoint.apply() == 0)
        let known = try #require(endpoint.values.last)
        let written = ProvisionedEndpointInMemory(cloud: cloud, host: known.host, publish: known.publish)
        #expect(try await written.apply() == 0)
        #expect(cloud.takeWrites() == [])
    }

    @Test func `A plan changes nothing and refers to what is not known yet`() async throws {
        for owner in ["owner-one", nil] {
            let endpoint = ProvisionedEndpointInMemory(cloud: cloud, owner: owner)
            let plan = try endpoint.plan()
            _ = try await plan.identity()
            let steps = await Provisioning(steps: plan.steps, sleep: { _ in }, report: { _ in }).plan()
            let requests = try steps.flatMap { try $0.finding.get().changes.map(\.request) }.joined(separator: "\n")
            #expect(requests.contains("${distribution.id}") && requests.contains("${distribution.domain}"))
            #expect(requests.contains("AssumeRolePolicyDocument="))
        }
        #expect(cloud.takeWrites() == [])
        #expect(cloud.state == CloudInMemory.State())
    }

    @Test func `New resources that are not visible at once are not created twice`() async throws {
        let reference = CloudInMemory()
        try await ProvisionedEndpointInMemory(cloud: reference).apply()
        for reads in 1...3 {
            let cloud = CloudInMemory()
            cloud.hideNewResources(for: reads)
            try await ProvisionedEndpointInMemory(cloud: cloud).apply()
            #expect(cloud.state == reference.state)
        }
    }

    @Test func `Two clusters with equal names get separate resources`() async throws {
        try await ProvisionedEndpointInMemory(cloud: cloud).apply()
        let first = cloud.state
        cloud.state.documents = 0
        try await ProvisionedEndpointInMemory(cloud: cloud, owner: "owner-two").apply()
        let state = cloud.state
        #expect(state.buckets.count == 2 && state.distributions.count == 2 && state.roles.count == 2)
        for (name, bucket) in first.buckets { #expect(state.buckets[name] == bucket) }
        for (name, role) in first.roles { #expect(state.roles[name] == role) }
    }

    @Test func `Drift is shown and repaired`() async throws {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        try await endpoint.apply()
        let wanted = cloud.state
        for (name, _) in wanted.buckets {
            cloud.state.buckets[name]?.settings["versioning"] =
                "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
            cloud.state.buckets[name]?.policy = nil
        }
        for (name, _) in wanted.roles {
            cloud.state.roles[name]?.trust = #"{"Version":"2012-10-17","Statement":[]}"#
            cloud.state.roles[name]?.policies = [:]
        }
        for (id, found) in wanted.distributions {
            cloud.state.distributions[id]?.configuration = found.configuration.setting(.text("Enabled", "false"))
        }
        let planned = try await endpoint.planned()
        #expect(planned.count == 5)
        try await endpoint.apply()
        #expect(try await endpoint.planned() == [])
        #expect(cloud.state.roles == wanted.roles)
        #expect(cloud.state.distributions.values.first?.configuration["Enabled"]?.text == "true")
    }

    @Test func `Statements and tags of others stay, and an existing bucket is adopted`() async throws {
        let foreign =
            #"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#
        cloud.state.buckets["documents-example"] = .init(tags: ["team": "one"], policy: foreign)
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud, publish: ["bucket": "documents-example"])
        try await endpoint.apply()
        let bucket = try #require(cloud.state.buckets["documents-example"])
        #expect(
            bucket.tags == [
                "team": "one", "sts-gateway/cluster": "production", "sts-gateway/endpoint": "aws",
                "sts-gateway/adopted": "owner-one",
            ])
        #expect(bucket.settings.isEmpty)
        #expect(try bucketPolicy().statements.map { $0["Sid"] }.first == "Theirs")
        #expect(try bucketPolicy().statements.count == 2)
        #expect(try await endpoint.apply() == 0)
    }

    @Test func `A resource of another installation is an error`() async throws {
        let tags = ["sts-gateway/cluster": "other", "sts-gateway/endpoint": "aws", "sts-gateway/owner": "else"]
        cloud.state.buckets["documents-example"] = .init(tags: tags)
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud, publish: ["bucket": "documents-example"])
        await #expect(throws: ProvisioningError.self) { try await endpoint.apply() }
        #expect(cloud.takeWrites() == [])
    }

    @Test(arguments: [0, 1])
    func `A distribution of somebody else with the same comment is not taken`(_ ownDistributions: Int) async throws {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        try await endpoint.apply()
        let own = try #require(cloud.state.distributions["E1"])
        cloud.state.distributions = [:]
        cloud.state.distributions["E0"] = .init(
            configuration: own.configuration.setting(.text("CallerReference", "theirs")))
        if ownDistributions == 1 { cloud.state.distributions["E1"] = own }
        let before = cloud.state
        let error = await #expect(throws: ProvisioningError.self) { try await endpoint.apply() }
        #expect(error?.message.contains("E0") == true, "\(error?.message ?? "")")
        if ownDistributions == 1 { await #expect(throws: ProvisioningError.self) { try await endpoint.remove() } }
        #expect(cloud.state == before)
    }

    @Test func `Credentials of another account than the role's change nothing`() async throws {
        let endpoint = ProvisionedEndpointInMemory(
            cloud: cloud, publish: ["role": "arn:aws:iam::222222222222:role/publisher"])
        let error = await #expect(throws: ProvisioningError.self) { try await endpoint.apply() }
        #expect(error?.message.contains("222222222222") == true)
        #expect(cloud.takeWrites() == [])
    }

    @Test(arguments: [
        ("us-gov-west-1", "CloudFront is not available"), ("cn-north-1", "CloudFront in China"), ("nowhere", "invalid"),
    ])
    func `A partition without CloudFront is an error that says what is missing`(_ region: String, _ text: String) throws
    {
        let request = ProvisioningRequest(
            cluster: "one", name: "aws", host: nil, path: "", audiences: ["a"], owner: nil, publisherSubject: "s",
            settings: ["region": .string(region)], publish: nil)
        let errors = #expect(throws: SettingsErrors.self) {
            try ProvisioningSettings(request, environment: { _ in nil })
        }
        #expect(errors?.errors.contains { $0.message.contains(text) } == true)
    }
}
