import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Logging
import Testing

/// Endpoints of the example provider, read through the real loader.
enum ExampleEndpoint {
    /// 2026-05-08T14:40:00Z.
    static let now = Date(timeIntervalSince1970: 1_778_251_200)

    /// - Parameter adding: members of the endpoint's block, in place of those that are there.
    static func configuration(
        _ adding: [JSONValue.Member] = [], plugins: [any ProviderPlugin.Type] = [ExampleProvider.self]
    ) throws -> EndpointConfiguration {
        var members: [JSONValue.Member] = [
            .init("name", "one"),
            .init("plugin", "example"),
            .init("audience", "https://example.com"),
            .init("path", "/one"),
            .init("issuer", ["host": "one.example.com"]),
            .init("azRules", [["scope": "filter", "constraint": "(namespace=default)"]]),
            .init("subjectToken", ["audiences": ["sts-gateway.test.svc"]]),
        ]
        for member in adding {
            members.removeAll { $0.name == member.name }
            members.append(member)
        }
        let document: JSONValue = ["cluster": "test", "sts": ["endpoints": [.object(members)]]]
        let (configuration, problems) = ConfigurationLoader.load(
            ConfigurationNode(document), catalog: PluginCatalog(plugins: plugins),
            context: ConfigurationContext(namespace: nil, logger: Logger(label: "test")))
        return try #require(configuration?.endpoints.first, "\(problems)")
    }

    static func certificate() throws -> KeyCertificate {
        try #require(KeyCertificate(pem: "-----BEGIN CERTIFICATE-----\nAAECAw==\n-----END CERTIFICATE-----\n"))
    }

    static func ring(_ key: SigningKey = TestKeys.rsa) throws -> KeyRing {
        KeyRing(
            endpoint: "one", owner: "owner",
            keys: [
                KeyRing.Key(
                    signingKey: key, state: .active, created: now, certificate: try certificate(), activated: now,
                    maximumTokenLifetime: 900)
            ])
    }

    static func keys(_ configuration: EndpointConfiguration, _ key: SigningKey = TestKeys.rsa) throws
        -> CurrentSigningKeys
    {
        CurrentSigningKeys(
            SigningKeySnapshot(
                ring: try ring(key), issuer: configuration.issuer,
                privateClaimNames: configuration.token.claims.map(\.name)))
    }
}
