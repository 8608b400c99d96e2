import AWSXML
import GatewayPluginAPI
import GatewayPluginTesting
import JSON

@testable import AWSPlugin

extension ProvisionedEndpointInMemory {
    /// The endpoints of the tests with faults.
    enum Variant: String, CaseIterable, Sendable {
        /// An empty account.
        case new
        /// Providers and roles of workloads in three accounts.
        case inThreeAccounts
        /// The bucket serves the documents.
        case servedByBucket
        /// The issuer is hosted elsewhere.
        case external
        /// A bucket, a distribution and roles existed before.
        case adopted
        /// An OIDC provider existed before too. It keeps what is below it.
        case adoptedProvider

        /// The variants with their faults. Those with few calls of their own have fewer.
        static let faults = allCases.flatMap { variant in
            CloudInMemory.Fault.allCases.compactMap { fault in
                let isShort = variant == .servedByBucket || variant == .external || variant == .adoptedProvider
                return !isShort || fault == .timeout || fault == .denial ? (variant, fault) : nil
            }
        }

        func endpoint(in cloud: CloudInMemory) -> ProvisionedEndpointInMemory {
            switch self {
            case .new: ProvisionedEndpointInMemory(cloud: cloud)
            case .inThreeAccounts: .inThreeAccounts(cloud)
            case .servedByBucket: ProvisionedEndpointInMemory(cloud: cloud, serving: "s3")
            case .external:
                ProvisionedEndpointInMemory(
                    cloud: cloud, host: "issuer.example.com", serving: "external",
                    roles: [.init(name: "reader", subjects: ["production:myns:reader"])])
            case .adopted: .adopting(cloud, withProvider: false)
            case .adoptedProvider: .adopting(cloud, withProvider: true)
            }
        }
    }

    static func inThreeAccounts(_ cloud: CloudInMemory) -> Self {
        Self(
            cloud: cloud,
            roles: [
                .init(
                    name: "reader", account: "222222222222", subjects: ["production:myns:reader"],
                    policies: ["arn:aws:iam::aws:policy/ReadOnlyAccess"], maximumSession: 7_200),
                .init(name: "local", subjects: ["production:myns:local"]),
            ],
            accounts: [
                .init(id: "222222222222", role: "arn:aws:iam::222222222222:role/provisioning"),
                .init(id: "333333333333", profile: "three"),
            ],
            files: FilesInMemory([
                "/home/me/.aws/credentials":
                    "[three]\naws_access_key_id=AKID333333333333\naws_secret_access_key=s\n"
            ]), home: "/home/me")
    }

    /// Adds a bucket, a distribution, two roles and a provider of somebody else to the cloud.
    private static func adopting(_ cloud: CloudInMemory, withProvider hasProvider: Bool) -> Self {
        let host = CloudInMemory.domain("E1")
        let theirs = PolicyDocument([
            TrustStatement(
                sid: "Theirs", provider: "arn:aws:iam::111111111111:oidc-provider/theirs.example",
                issuer: "theirs.example", audiences: ["theirs"], subjects: ["theirs"]
            ).json
        ])
        cloud.state.buckets["documents-example"] = .init(
            tags: ["team": "one"],
            policy: #"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*"}]}"#)
        cloud.state.distributions["E1"] = .init(
            configuration: .tree(
                "DistributionConfig",
                [
                    .text("CallerReference", "theirs"), .text("Comment", "theirs"), .text("Enabled", "true"),
                    .list(
                        "Origins",
                        [
                            .tree(
                                "Origin",
                                [
                                    .text("Id", "theirs"),
                                    .text("DomainName", "documents-example.s3.eu-central-1.amazonaws.com"),
                                ])
                        ]),
                ]), tags: ["team": "one"])
        if hasProvider {
            cloud.state.providers["arn:aws:iam::111111111111:oidc-provider/\(host)"] = .init(
                audiences: ["theirs"], tags: ["team": "one"])
        }
        for name in ["publisher", "reader"] {
            cloud.state.roles[name] = .init(trust: theirs.text, tags: ["team": "one"], policies: ["theirs": "{}"])
        }
        return Self(
            cloud: cloud,
            publish: [
                "bucket": "documents-example", "distribution": "E1",
                "role": "arn:aws:iam::111111111111:role/publisher",
            ], roles: [.init(name: "reader", subjects: ["production:myns:reader"])])
    }
}
