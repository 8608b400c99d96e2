import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import AWSPlugin

@Suite("The AWS plugin")
struct AWSProviderTests {
    static let role = "arn:aws:iam::111111111111:role/demo"

    @Test("keeps the rules of the plugin API")
    func conformance() {
        #expect(checkConformance(of: AWSProvider.self, annotation: Self.role) == [])
        #expect(
            checkConformance(of: AWSProvider.self, annotation: Self.role, settings: #"{"region":"eu-central-1"}"#)
                == [])
    }

    @Test("recognizes the audience of the SDKs and that of OpenUnison-compatible configurations")
    func audiences() {
        #expect(AWSProvider.defaults.audiences == ["sts.amazonaws.com"])
        #expect(AWSProvider.defaults.recognizes("sts.amazonaws.com"))
        #expect(AWSProvider.defaults.recognizes("sts.aws.com"))
        #expect(!AWSProvider.defaults.recognizes("STS.amazonaws.com"))
        #expect(!AWSProvider.defaults.recognizes("https://sts.amazonaws.com"))
    }

    @Test("gives a Pod its role and session name")
    func injection() throws {
        let injection = try provider().injection(for: request(Self.role))
        #expect(injection.value == Self.role)
        #expect(injection.environment == [.init("AWS_ROLE_SESSION_NAME", "myns.web")])
    }

    @Test("gives a Pod the configured region")
    func region() throws {
        let injection = try provider(region: "eu-central-1").injection(for: request(Self.role))
        #expect(
            injection.environment.suffix(2) == [
                .init("AWS_REGION", "eu-central-1", unlessSet: ["AWS_DEFAULT_REGION"]),
                .init("AWS_DEFAULT_REGION", "eu-central-1", unlessSet: ["AWS_REGION"]),
            ])
    }

    @Test("names the static keys that the SDKs use before the token")
    func staticKeys() throws {
        let conflicting = try provider(region: nil).injection(for: request(Self.role)).conflictingVariables
        #expect(conflicting.map(\.names) == [["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]])
    }

    @Test("expects a region in a Pod, whether it is configured or not", arguments: [nil, "eu-central-1"])
    func expectedRegion(region: String?) throws {
        let expected = try provider(region: region).injection(for: request(Self.role)).expectedVariables
        #expect(expected.map(\.names) == [["AWS_REGION", "AWS_DEFAULT_REGION"]])
        #expect(expected.first?.advice.contains("settings.region") == true)
    }

    @Test(
        "rejects a region of an unknown prefix unless its partition is set, and one of another partition",
        arguments: [
            ("xx-north-1", nil, "settings.region", "set settings.partition"),
            ("xx-north-1", "moon", "settings.partition", "expected one of aws, aws-cn, aws-eusc, aws-iso"),
            ("cn-north-1", "aws", "settings.region", "it is in the partition aws-cn, not in aws"),
        ] as [(String, String?, String, String)])
    func unknownRegion(region: String, partition: String?, key: String, text: String) throws {
        let error = #expect(throws: SettingsErrors.self) { try provider(region: region, partition: partition) }
        #expect(error?.errors.map(\.key) == [key])
        #expect(error?.errors.first?.message.contains(text) == true, "\(String(describing: error))")
        #expect(throws: Never.self) { try provider(region: "xx-north-1", partition: "aws-iso-f") }
    }

    @Test("accepts roles of the configured partition only")
    func configuredPartition() throws {
        let provider = try provider(partition: "aws-eusc")
        let role = "arn:aws-eusc:iam::111111111111:role/demo"
        #expect(try provider.injection(for: request(role)).value == role)
        let error = #expect(throws: InjectionError.self) { try provider.injection(for: request(Self.role)) }
        #expect(error?.message.contains("the partition of this endpoint is aws-eusc") == true)
    }

    @Test("rejects an invalid region with its key")
    func badRegion() {
        let error = #expect(throws: SettingsErrors.self) { try provider(region: "Frankfurt") }
        #expect(
            error?.errors == [
                SettingsError(
                    "settings.region", #"invalid region "Frankfurt"; expected a name such as eu-central-1"#)
            ])
    }

    @Test("rejects an issuer that CloudFront in China does not serve, together with an invalid region")
    func chinaIssuer() {
        let error = #expect(throws: SettingsErrors.self) {
            try provider(host: "d111111abcdef8.cloudfront.cn", region: "x")
        }
        #expect(error?.errors.map(\.key) == ["issuer.host", "settings.region"])
        #expect(throws: Never.self) { try provider(host: "d111111abcdef8.cloudfront.net") }
        #expect(throws: Never.self) { try provider(host: "cloudfront.cn.example.com") }
    }

    @Test(
        "rejects a role of another partition than the region's",
        arguments: [
            ("cn-north-1", "arn:aws:iam::111111111111:role/demo"),
            ("us-gov-west-1", "arn:aws:iam::111111111111:role/demo"),
            ("us-east-1", "arn:aws-cn:iam::111111111111:role/demo"),
            ("eusc-de-east-1", "arn:aws:iam::111111111111:role/demo"),
            ("us-isob-east-1", "arn:aws-iso:iam::111111111111:role/demo"),
        ])
    func partitions(region: String, role: String) throws {
        let provider = try provider(region: region)
        let error = #expect(throws: InjectionError.self) { try provider.injection(for: request(role)) }
        #expect(error?.message.contains(region) == true)
        #expect(throws: Never.self) {
            let role = "arn:aws-us-gov:iam::111111111111:role/a"
            return try self.provider(region: "us-gov-east-1").injection(for: request(role))
        }
    }

    @Test("adds no claims")
    func claims() throws {
        let workload = WorkloadIdentity(
            cluster: "test", namespace: "myns", serviceAccount: .init(name: "web", uid: nil), pod: nil, node: nil,
            groups: [], credentialID: nil)
        #expect(try provider().claims(for: workload) == PrivateClaims())
    }

    private func tagged(_ settings: String) throws -> AWSProvider {
        try AWSProvider(
            endpoint: try #require(.example(audiences: ["sts.amazonaws.com"])),
            settings: try JSONValue(parsing: Array(settings.utf8)).decode(AWSProvider.Settings.self), context: .silent)
    }

    @Test("adds session tags and the source identity where they are configured, in the form that AWS reads")
    func sessionTags() throws {
        let provider = try tagged(
            #"{"sessionTags": {"ns": "{namespace}/{saname}", "team": "red"}, "transitiveTags": ["ns"], "sourceIdentity": true}"#
        )
        #expect(
            JSONValue.object(provider.claims(for: .example(namespace: "shop")).members) == [
                "https://aws.amazon.com/tags": [
                    "principal_tags": ["ns": ["shop/web"], "team": ["red"]], "transitive_tag_keys": ["ns"],
                ],
                "https://aws.amazon.com/source_identity": "shop.web",
            ])
    }

    @Test(
        "rejects tags that AWS does not accept",
        arguments: [
            (#"{"sessionTags": {"aws:x": "a"}}"#, "settings.sessionTags.aws:x"),
            (#"{"sessionTags": {"a": "b,c"}}"#, "settings.sessionTags.a"),
            (#"{"sessionTags": {"a": "{pod}"}}"#, "settings.sessionTags.a"),
            (#"{"sessionTags": {"a": "b"}, "transitiveTags": ["c"]}"#, "settings.transitiveTags"),
        ])
    func invalidTags(settings: String, key: String) {
        let error = #expect(throws: SettingsErrors.self) { try tagged(settings) }
        #expect(error?.errors.map(\.key) == [key])
    }

    @Test("takes a Pod's region from its annotation, in the partition of the role")
    func regionOfPod() throws {
        func regions(_ provider: AWSProvider, _ region: String) throws -> [String] {
            let request = InjectionRequest(
                annotation: Self.role, options: ["region": region], namespace: "myns", serviceAccountName: "web")
            return try provider.injection(for: request).environment.dropFirst().map(\.value)
        }
        #expect(try regions(provider(), "us-east-1") == ["us-east-1", "us-east-1"])
        #expect(try regions(provider(region: "eu-central-1"), "us-east-1") == ["us-east-1", "us-east-1"])
        for invalid in ["cn-north-1", "Frankfurt", "us-east-1\n"] {
            #expect(throws: InjectionError.self) { try regions(provider(), invalid) }
        }
    }

    private func request(_ annotation: String) -> InjectionRequest {
        InjectionRequest(annotation: annotation, namespace: "myns", serviceAccountName: "web")
    }

    private func provider(
        host: String = "issuer.example.com", region: String? = nil, partition: String? = nil
    ) throws -> AWSProvider {
        try AWSProvider(
            endpoint: try #require(.example(host: host, audiences: ["sts.amazonaws.com"])),
            settings: .init(
                region: region, partition: partition, sessionTags: nil, transitiveTags: nil, sourceIdentity: nil),
            context: .silent)
    }
}
