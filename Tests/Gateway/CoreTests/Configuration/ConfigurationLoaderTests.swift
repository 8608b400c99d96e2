import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@testable import GatewayCore

@Suite("A configuration")
struct ConfigurationLoaderTests {
    private func loaded(_ document: JSONValue, namespace: String? = nil) throws -> GatewayConfiguration {
        let (configuration, problems) = ExampleDocument.load(document, namespace: namespace)
        return try #require(configuration, "\(problems)")
    }

    @Test("has a default for every optional key")
    func defaults() throws {
        let (loaded, problems) = ExampleDocument.load(ExampleDocument.document())
        let configuration = try #require(loaded)
        #expect(problems == [])
        #expect(configuration.cluster == "kubernetes")
        #expect(configuration.listeners.tokens.description == "0.0.0.0:8443")
        #expect(configuration.listeners.webhook.description == "0.0.0.0:9443")
        #expect(configuration.listeners.admin.description == "0.0.0.0:9090")
        #expect(configuration.certificates == [])
        #expect(configuration.review == .kubernetes(kubeconfig: nil))
        #expect(configuration.keyStore == .kubernetes)
        #expect(configuration.injection.prefix == "tremolo.io")
        #expect(configuration.injection.position == .first)
        #expect(configuration.injection.sidecarMode == .auto)
        let limits = configuration.limits
        #expect([limits.bodyBytes, limits.headerBytes, limits.connections] == [16_384, 16_384, 4_096])
        #expect(limits.readTimeout == 10)
        #expect([limits.idleTimeout, limits.drainDelay, limits.shutdownTimeout] == [nil, nil, nil])
        #expect(configuration.log.level == .info)
    }

    @Test("has the defaults of the endpoint and of its plugin")
    func endpointDefaults() throws {
        let endpoint = try #require(loaded(ExampleDocument.document()).endpoints.first)
        #expect(endpoint.name == "example")
        #expect(endpoint.pluginID == ExampleProvider.id)
        #expect(endpoint.provider is ExampleProvider)
        #expect(endpoint.path.description == "/example")
        #expect(endpoint.endpoint.audiences == ["https://example.com"])
        #expect(endpoint.issuer.url == "https://issuer.example.com")
        #expect(endpoint.keypair == nil)
        #expect(
            endpoint.injector
                == .init(
                    label: "example-role", tokenVariable: "EXAMPLE_TOKEN_FILE", valueVariable: "EXAMPLE_ROLE",
                    explicitCertificateTrust: false, exclusiveVariables: ["EXAMPLE_WORKLOAD"]))
        #expect(
            endpoint.subjectToken
                == .init(audiences: ["sts-gateway.default.svc"], acceptAPIServerAudience: false, requirePod: true))
        #expect(endpoint.token.timeToLive == 900)
        #expect(endpoint.token.subject.description == "{cluster}:{namespace}:{saname}")
        #expect(endpoint.token.claims == [])
        #expect(!endpoint.token.capToSubject)
        #expect(endpoint.endpoint.algorithm == .rs256)
        #expect(endpoint.endpoint.rsaKeySize == 2_048)
        #expect(endpoint.rotation == .init(every: 2_592_000, propagation: 7_200, maximumAge: 300))
        #expect(endpoint.publisher == nil)
        #expect(endpoint.probe == .init(isEnabled: true, interval: 300))
    }

    @Test("has the gateway's namespace in the audience of subject tokens")
    func namespace() throws {
        let endpoint = try #require(loaded(ExampleDocument.document(), namespace: "security").endpoints.first)
        #expect(endpoint.subjectToken.audiences == ["sts-gateway.security.svc"])
    }

    @Test("is read completely")
    func everything() throws {
        let endpoint = ExampleDocument.endpoint([
            "name": "one", "plugin": "example", "audience": ["https://a.example.com", "https://b.example.com"],
            "path": "/one/two", "issuer": ["host": "Issuer.Example.com", "path": "/dev", "keypair": "signing"],
            "injector": [
                "label": "one-role", "token_environment_variable_name": "TOKEN",
                "label_value_environment_variable_name": "ROLE", "explicit_certificate_trust": "true",
            ],
            "subjectToken": ["audiences": ["b", "a"], "requirePod": false],
            "token": [
                "ttl": "2h", "subject": "{namespace}/{saname}", "algorithm": "ES384", "capToSubject": true,
                "claims": ["static": ["a": [1, true, .null]], "who": ["attribute": "Pod-Name"]],
            ],
            "rotation": ["every": "7d", "propagation": "15m"], "settings": ["greeting": "hello"],
        ])
        let configuration = try loaded(
            ExampleDocument.document(
                [
                    "cluster": "prod", "listeners": ["tokens": "[::]:443", "webhook": "localhost:0"],
                    "tls": [
                        "certificates": [["certificate": "a.pem", "key": "b.pem"]], "names": ["STS.example.com"],
                        "overlap": "2m",
                    ],
                    "injection": [
                        "prefix": "example.com", "gatewayURL": "https://sts.example.com",
                        "position": ["after": "proxy"],
                        "sidecar": [
                            "image": "sidecar:1", "mode": "native", "tokenMode": "0440",
                            "resources": ["requests": ["cpu": "10m"], "limits": ["cpu": "0.5"]],
                        ],
                        "subjectTokenLifetime": "20m", "serviceAccountAnnotations": true,
                        "uninjectedPods": ["enabled": false],
                        "webhook": ["configuration": "sts", "clientCA": "api.pem", "concurrency": 8],
                    ],
                    "limits": ["bodyBytes": 2_048, "readTimeout": 30], "audit": ["events": false],
                    "log": ["level": "debug"],
                ], endpoints: [endpoint]))
        #expect(configuration.listeners.tokens.host == "::")
        #expect(configuration.certificates == [.init(certificate: "a.pem", key: "b.pem")])
        #expect(configuration.injection.position == .after("proxy"))
        #expect(configuration.certificateNames == ["sts.example.com"])
        #expect(configuration.authorityOverlap == 120)
        #expect(configuration.injection.sidecarMode == .native)
        #expect(configuration.injection.tokenMode == 0o440)
        #expect(configuration.injection.resources.requestedCPU == "10m")
        #expect(configuration.injection.resources.cpuLimit == "0.5")
        #expect(configuration.injection.resources.memoryLimit == "32Mi")
        #expect(configuration.injection.subjectTokenLifetime == 1_200)
        #expect(configuration.injection.readsServiceAccounts)
        #expect(configuration.injection.uninjectedPods == .init(isEnabled: false, interval: 300))
        #expect(configuration.injection.webhook.configurationName(of: "one") == "sts-injector-one")
        #expect(configuration.injection.webhook.clientAuthorityFile == "api.pem")
        #expect(configuration.injection.webhook.concurrency == 8)
        #expect(!configuration.audit.events)
        #expect(configuration.limits.readTimeout == 30)
        #expect(configuration.log.level == .debug)
        let one = try #require(configuration.endpoints.first)
        #expect(one.endpoint.cluster == "prod")
        #expect(one.endpoint.audiences == ["https://a.example.com", "https://b.example.com"])
        #expect(one.issuer.url == "https://issuer.example.com/dev")
        #expect(one.keypair == "signing")
        #expect(one.injector.explicitCertificateTrust)
        #expect(one.subjectToken.audiences == ["a", "b"])
        #expect(one.endpoint.timeToLive == 7_200)
        #expect(
            one.token.claims == [
                .init(name: "static", source: .value(["a": [1, true, .null]])),
                .init(name: "who", source: .attribute("Pod-Name")),
            ])
        #expect(one.rotation == .init(every: 604_800, propagation: 900, maximumAge: 300))
        #expect((one.provider as? ExampleProvider)?.settings.greeting == "hello")
    }

    @Test(
        "accepts every form of the reviewer",
        arguments: [
            (["kind": "kubernetes"], .kubernetes(kubeconfig: nil)),
            (["kubeconfig": "config"], .kubernetes(kubeconfig: "config")),
            (["offline": ["jwks": "keys.json", "issuer": "i"]], .offline(keys: .file("keys.json"), issuer: "i")),
            (
                ["kind": "offline", "offline": ["jwks": "https://a.example.com/keys", "issuer": "i"]],
                .offline(keys: .url("https://a.example.com/keys"), issuer: "i")
            ),
            (
                ["kind": "offline", "jwks": "http://127.0.0.1:80/keys", "issuer": "i"],
                .offline(keys: .url("http://127.0.0.1:80/keys"), issuer: "i")
            ),
        ] as [(JSONValue, GatewayConfiguration.Review)])
    func review(_ block: JSONValue, _ review: GatewayConfiguration.Review) throws {
        #expect(try loaded(ExampleDocument.document(["review": block])).review == review)
    }

    @Test(
        "accepts every form of the key store",
        arguments: [
            (["kind": "kubernetes"], .kubernetes), (["directory": "keys"], .directory("keys")),
            (["kind": "directory", "directory": "keys"], .directory("keys")),
            (["kind": "directory", "path": "keys"], .directory("keys")),
        ] as [(JSONValue, GatewayConfiguration.KeyStore)])
    func keyStore(_ block: JSONValue, _ store: GatewayConfiguration.KeyStore) throws {
        #expect(try loaded(ExampleDocument.document(["keyStore": block])).keyStore == store)
    }

    @Test("prefers its key of the cluster's name to OpenUnison's")
    func clusterName() throws {
        #expect(try loaded(ExampleDocument.document(["k8s_cluster_name": "stock"])).cluster == "stock")
        let both = ExampleDocument.document(["cluster": "own", "k8s_cluster_name": "stock"])
        #expect(try loaded(both).cluster == "own")
    }

    @Test("identifies an endpoint's plugin by its audience if the name does not")
    func pluginByAudience() throws {
        let endpoint = ExampleDocument.endpoint(["name": "other", "audience": "https://example.com"])
        let configuration = try loaded(ExampleDocument.document(endpoints: [endpoint]))
        #expect(configuration.endpoints.first?.pluginID == ExampleProvider.id)
    }

    @Test("may nest one endpoint's path below another's, except at its routes")
    func nestedPaths() throws {
        let endpoints = [("a", "/a"), ("b", "/a/dev"), ("c", "/a/dev/tokens")].map { name, path in
            ExampleDocument.endpoint([
                "name": .string(name), "plugin": "example", "path": .string(path),
                "issuer": ["host": "issuer.example.com", "path": .string("/\(name)")],
                "injector": ["label": .string(name)],
            ])
        }
        let (configuration, problems) = ExampleDocument.load(ExampleDocument.document(endpoints: endpoints))
        #expect(configuration?.endpoints.map(\.path.description) == ["/a", "/a/dev", "/a/dev/tokens"])
        #expect(problems == [])
    }

    @Test("converts additional attributes to claims, except those that every token has")
    func additionalAttributes() throws {
        let list = ExampleDocument.endpoint(["additionalAttributes": ["groups", "namespace", "node-name"]])
        #expect(
            try loaded(ExampleDocument.document(endpoints: [list])).endpoints.first?.token.claims == [
                .init(name: "groups", source: .attribute("groups")),
                .init(name: "node-name", source: .attribute("node-name")),
            ])
        let mapping = ExampleDocument.endpoint([
            "additionalAttributes": ["team": "red"], "token": ["claims": ["node": ["attribute": "node-name"]]],
        ])
        #expect(
            try loaded(ExampleDocument.document(endpoints: [mapping])).endpoints.first?.token.claims == [
                .init(name: "team", source: .value("red")), .init(name: "node", source: .attribute("node-name")),
            ])
    }

    @Test("compares the names of claims by code units")
    func canonicallyEquivalentClaims() throws {
        let endpoint = ExampleDocument.endpoint([
            "additionalAttributes": ["\u{E9}": "a"], "token": ["claims": ["e\u{301}": "b"]],
        ])
        let claims = try loaded(ExampleDocument.document(endpoints: [endpoint])).endpoints.first?.token.claims
        #expect(claims?.map(\.name.unicodeScalars.count) == [1, 2])
    }
}
