import AWSXML
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import AWSPlugin

@Suite struct ProvisioningVariantTests {
    let cloud = CloudInMemory()

    private func problems(_ endpoint: ProvisionedEndpointInMemory) -> String {
        do {
            _ = try endpoint.plan()
            return ""
        } catch let errors as SettingsErrors {
            return errors.errors.map { "\($0.key): \($0.message)" }.joined(separator: "\n")
        } catch {
            return "\(error)"
        }
    }

    private func trust(_ name: String) throws -> JSONValue {
        let role = try #require(cloud.state.roles[name])
        return try #require(PolicyDocument(parsing: Array(role.trust.utf8))?.statements.first)
    }

    private func policy(_ bucket: CloudInMemory.Bucket) throws -> PolicyDocument {
        let text = try #require(bucket.policy)
        return try #require(PolicyDocument(parsing: Array(text.utf8)))
    }

    // MARK: Accounts

    private var inThreeAccounts: ProvisionedEndpointInMemory {
        var endpoint = ProvisionedEndpointInMemory.inThreeAccounts(cloud)
        endpoint.roles.removeLast()
        return endpoint
    }

    @Test func `Documents are in one account, and providers and roles in others`() async throws {
        let endpoint = inThreeAccounts
        let plan = try endpoint.plan()
        let identity = try await plan.identity()
        for account in ["111111111111", "222222222222", "333333333333"] { #expect(identity.contains(account)) }
        try await endpoint.apply()
        // The gateway's own token needs the provider in the account of the bucket too.
        #expect(
            cloud.state.providers.keys.sorted()
                == ["111111111111", "222222222222", "333333333333"].map {
                    "arn:aws:iam::\($0):oidc-provider/de1.cloudfront.net"
                })
        #expect(cloud.state.buckets.count == 1 && cloud.state.roles.count == 2)
        #expect(
            try trust("222222222222/reader")["Principal"]?["Federated"]
                == "arn:aws:iam::222222222222:oidc-provider/de1.cloudfront.net")
        _ = cloud.takeWrites()
        #expect(try await endpoint.apply() == 0)
        #expect(cloud.takeWrites() == [])
    }

    @Test func `Without self the bucket's account gets no provider and no publisher role`() async throws {
        var endpoint = inThreeAccounts
        endpoint.publish = ["credentials": ["environment"]]
        try await endpoint.apply()
        #expect(cloud.state.providers.keys.allSatisfy { !$0.contains("111111111111") })
        #expect(cloud.state.providers.count == 2 && Array(cloud.state.roles.keys) == ["222222222222/reader"])
        #expect(try #require(endpoint.values.last).publish["role"] == nil)
    }

    @Test func `Credentials of another account than the key are an error`() async throws {
        var endpoint = inThreeAccounts
        endpoint.accounts = [.init(id: "444444444444", profile: "three")]
        endpoint.roles = []
        let error = await #expect(throws: ProvisioningError.self) { try await endpoint.apply() }
        #expect(error?.message.contains("provision.accounts.444444444444") == true)
        #expect(error?.message.contains("333333333333") == true)
        #expect(cloud.takeWrites() == [])
    }

    @Test func `Invalid accounts and roles are errors with their keys`() {
        var endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        endpoint.accounts = [
            .init(id: "2222"), .init(id: "222222222222", role: "arn:aws:iam::333333333333:role/provisioning"),
        ]
        endpoint.roles = [.init(name: "a b", subjects: ["s"], policies: ["ReadOnly"])]
        let text = problems(endpoint)
        for part in [
            "provision.accounts.2222: invalid account", "provision.accounts.222222222222.role: the role is in another",
            "provision.roles.a b: invalid role name", "provision.roles.a b.policies: invalid value",
        ] { #expect(text.contains(part), "\(text)") }
        endpoint.accounts = []
        endpoint.roles = [.init(name: "reader", account: "555555555555", subjects: ["s"])]
        #expect(problems(endpoint).contains("no account \"555555555555\" in provision.accounts"))
    }

    // MARK: Without CloudFront

    @Test func `The bucket itself serves the two documents on request`() async throws {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud, serving: "s3")
        try await endpoint.apply()
        let bucket = try #require(cloud.state.buckets.first)
        let host = "\(bucket.key).s3.eu-central-1.amazonaws.com"
        #expect(cloud.state.distributions.isEmpty && cloud.state.controls.isEmpty)
        let policy = try policy(bucket.value)
        let statement = try #require(policy.statements.first)
        #expect(statement["Principal"] == "*" && statement["Action"] == "s3:GetObject" && policy.statements.count == 1)
        #expect(
            statement["Resource"]
                == .array(
                    ["certs", ".well-known/openid-configuration"].map { .string("arn:aws:s3:::\(bucket.key)/\($0)") }))
        let setting = try #require(bucket.value.settings["publicAccessBlock"])
        let access = try XMLElement(parsing: Array(setting.utf8))
        #expect(access["BlockPublicAcls"]?.text == "true" && access["BlockPublicPolicy"]?.text == "false")
        #expect(Array(cloud.state.providers.keys) == ["arn:aws:iam::111111111111:oidc-provider/\(host)"])
        let known = try #require(endpoint.values.last)
        #expect(known.host == host && known.publish["distribution"] == nil)
        let role = try #require(cloud.state.roles.values.first)
        #expect(role.policies.values.allSatisfy { !$0.contains("cloudfront") })
        #expect(try await endpoint.apply() == 0)
    }

    @Test func `A bucket website is refused with the reason`() {
        let endpoint = ProvisionedEndpointInMemory(cloud: cloud, serving: "website")
        #expect(problems(endpoint).contains("a bucket website has no HTTPS"))
    }

    @Test func `An issuer that is hosted elsewhere gets provider and roles only`() async throws {
        var endpoint = ProvisionedEndpointInMemory(cloud: cloud, host: "issuer.example.com", serving: "external")
        endpoint.roles = [.init(name: "reader", subjects: ["production:myns:reader"])]
        try await endpoint.apply()
        #expect(cloud.state.buckets.isEmpty && cloud.state.distributions.isEmpty)
        #expect(Array(cloud.state.providers.keys) == ["arn:aws:iam::111111111111:oidc-provider/issuer.example.com"])
        #expect(Array(cloud.state.roles.keys) == ["reader"])
        endpoint.host = nil
        #expect(problems(endpoint).contains("issuer.host: missing required key"))
    }

    @Test(arguments: ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
    func `Other partitions say what CloudFront lacks, and work without it`(_ region: String) async throws {
        var endpoint = ProvisionedEndpointInMemory(cloud: cloud, settings: ["region": .string(region)])
        endpoint.environment["AWS_REGION"] = region
        let request = ProvisioningRequest(
            cluster: "one", name: "aws", host: nil, path: "", audiences: ["a"], owner: nil, publisherSubject: "s",
            settings: ["region": .string(region)], publish: nil)
        let errors = #expect(throws: SettingsErrors.self) {
            try ProvisioningSettings(request, environment: { _ in nil })
        }
        let text = errors?.errors.map(\.message).joined() ?? ""
        #expect(text.contains("By hand: serve the two documents") && text.contains("provision.serving"))
        endpoint.serving = "s3"
        try await endpoint.apply()
        let partition = try #require(Region(region)).partition
        let provider = try #require(cloud.state.providers.keys.first)
        #expect(provider.hasPrefix("arn:aws"))
        #expect(try #require(endpoint.values.last).host.hasSuffix(".s3.\(region).\(partition.domain)"))
        let plan = try endpoint.plan()
        _ = try await plan.identity()
        _ = await Provisioning(steps: plan.steps, sleep: { _ in }, report: { _ in }).plan()
        #expect(plan.summary().contains { $0.contains("https://\(partition.console)/") })
    }

    // MARK: Adopted and shared resources

    @Test func `An existing distribution is adopted by its ID`() async throws {
        let first = ProvisionedEndpointInMemory(cloud: cloud)
        try await first.apply()
        let id = try #require(cloud.state.distributions.keys.first)
        let bucket = try #require(cloud.state.buckets.keys.first)
        // As if an administrator had made it.
        cloud.state.distributions[id]?.tags = ["team": "one"]
        let made = try #require(cloud.state.distributions[id])
        cloud.state.distributions[id]?.configuration = made.configuration.setting(.text("Comment", "theirs"))
        let before = try #require(cloud.state.distributions[id])
        let second = ProvisionedEndpointInMemory(
            cloud: cloud, publish: ["bucket": .string(bucket), "distribution": .string(id)])
        try await second.apply()
        let after = try #require(cloud.state.distributions[id])
        #expect(after.configuration == before.configuration && after.tags["team"] == "one")
        #expect(after.tags["sts-gateway/adopted"] == "owner-one" && after.tags["sts-gateway/owner"] == nil)
        #expect(cloud.state.distributions.count == 1)
    }

    @Test func `Endpoints share one bucket with prefixes behind several distributions`() async throws {
        cloud.state.buckets["documents-example"] = .init(tags: ["team": "one"])
        for (name, owner) in [("one", "owner-one"), ("two", "owner-two")] {
            let endpoint = ProvisionedEndpointInMemory(
                cloud: cloud, name: name, owner: owner,
                publish: ["bucket": "documents-example", "prefix": .string(name)])
            try await endpoint.apply()
            #expect(try await endpoint.apply() == 0)
        }
        #expect(cloud.state.buckets.count == 1 && cloud.state.distributions.count == 2)
        let paths = cloud.state.distributions.values.compactMap {
            $0.configuration["Origins"]?["Items"]?.children.first?["OriginPath"]?.text
        }
        #expect(paths.sorted() == ["/one", "/two"])
        let policy = try policy(try #require(cloud.state.buckets.values.first))
        #expect(policy.statements.count == 2)
        #expect(
            policy.text.contains("documents-example/one/certs") && policy.text.contains("documents-example/two/certs"))
    }

    @Test func `An own domain name needs a certificate, and gets TLS 1.2`() async throws {
        var endpoint = ProvisionedEndpointInMemory(cloud: cloud, host: "issuer.example.com")
        #expect(problems(endpoint).contains("needs a certificate of ACM in us-east-1"))
        endpoint.certificate = "arn:aws:acm:us-east-1:111111111111:certificate/1"
        try await endpoint.apply()
        let configuration = try #require(cloud.state.distributions.values.first).configuration
        #expect(configuration["ViewerCertificate"]?["MinimumProtocolVersion"]?.text == "TLSv1.2_2021")
        #expect(configuration["Aliases"]?["Items"]?.children.map(\.text) == ["issuer.example.com"])
        #expect(Array(cloud.state.providers.keys) == ["arn:aws:iam::111111111111:oidc-provider/issuer.example.com"])
    }

    // MARK: Workload roles

    @Test func `A role of workloads binds audience and subjects, and is repaired`() async throws {
        var endpoint = ProvisionedEndpointInMemory(cloud: cloud, host: "issuer.example.com", serving: "external")
        let policy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        endpoint.roles = [
            .init(
                name: "reader", subjects: ["production:myns:reader", "production:myns:writer"], policies: [policy],
                allowsSessionTags: true, maximumSession: 7_200)
        ]
        endpoint.claims = ["https://aws.amazon.com/source_identity"]
        try await endpoint.apply()
        let statement = try trust("reader")
        #expect(
            statement["Condition"] == [
                "StringEquals": [
                    "issuer.example.com:aud": "sts.amazonaws.com",
                    "issuer.example.com:sub": ["production:myns:reader", "production:myns:writer"],
                ]
            ])
        #expect(
            statement["Action"] == ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"])
        let made = try #require(cloud.state.roles["reader"])
        #expect(made.attached == [policy] && made.maximumSession == "7200")
        cloud.state.roles["reader"]?.trust =
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:*"}]}"#
        cloud.state.roles["reader"]?.attached = []
        cloud.state.roles["reader"]?.maximumSession = "3600"
        endpoint.isForRolesOnly = true
        #expect(try await endpoint.apply() == 3)
        #expect(cloud.state.roles["reader"] == made)
        let plan = try endpoint.plan()
        _ = try await plan.identity()
        let check = try #require(plan.check)
        let checks = try await check()
        #expect(checks.map(\.errors) == [[]])
        #expect(checks.first?.summary == "ServiceAccount myns/reader, ServiceAccount myns/writer")
    }

    @Test func `A role alone trusts the host of the endpoint's distribution, and nothing where there is none`()
        async throws
    {
        var endpoint = ProvisionedEndpointInMemory(cloud: cloud)
        endpoint.isForRolesOnly = true
        endpoint.roles = [.init(name: "reader", subjects: ["production:myns:reader"])]
        let error = await #expect(throws: ProvisioningError.self) { try await endpoint.apply() }
        #expect(error?.message.contains("the issuer's host is not known") == true)
        #expect(cloud.takeWrites() == [])
        try await ProvisionedEndpointInMemory(cloud: cloud).apply()
        try await endpoint.apply()
        #expect(
            try trust("reader")["Principal"]?["Federated"]
                == "arn:aws:iam::111111111111:oidc-provider/de1.cloudfront.net")
    }

    @Test func `An existing role keeps its other statements`() async throws {
        cloud.state.roles["reader"] = .init(
            trust:
                #"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
            tags: ["team": "one"])
        var endpoint = ProvisionedEndpointInMemory(cloud: cloud, host: "issuer.example.com", serving: "external")
        endpoint.roles = [.init(name: "reader", subjects: ["production:myns:reader"])]
        try await endpoint.apply()
        let role = try #require(cloud.state.roles["reader"])
        let trust = try #require(PolicyDocument(parsing: Array(role.trust.utf8)))
        #expect(trust.statements.count == 2 && trust.statements.first?["Sid"] == "Theirs")
        #expect(role.tags["sts-gateway/adopted"] == "owner-one" && role.tags["team"] == "one")
        #expect(try await endpoint.apply() == 0)
    }
}
