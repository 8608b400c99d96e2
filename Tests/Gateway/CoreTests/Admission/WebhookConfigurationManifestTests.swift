import GatewayTestSupport
import JSON
import KubernetesAPI
import Logging
import Testing

@testable import GatewayCore

@Suite("The manifest of a webhook's configuration")
struct WebhookConfigurationManifestTests {
    private static func injection(_ block: JSONValue) throws -> GatewayConfiguration.Injection {
        let document: JSONValue = [
            "injection": block,
            "sts": [
                "endpoints": [
                    [
                        "name": "one", "plugin": "example", "path": "/one", "issuer": ["host": "one.example.com"],
                        "azRules": [["scope": "filter", "constraint": "(namespace=default)"]],
                        "subjectToken": ["audiences": ["sts-gateway.test.svc"]],
                    ]
                ]
            ],
        ]
        let (configuration, problems) = ConfigurationLoader.load(
            ConfigurationNode(document), catalog: PluginCatalog(plugins: [ExampleProvider.self]),
            context: ConfigurationContext(namespace: "sts", logger: Logger(label: "test")))
        return try #require(configuration?.injection, "\(problems)")
    }

    private func manifest(
        _ block: JSONValue = [:], namespace: String = "sts"
    ) throws -> WebhookConfigurationManifest {
        WebhookConfigurationManifest(
            try InjectionExample.one(), try Self.injection(block), namespace: namespace)
    }

    @Test("It has the label's selector, excludes the gateway's and the system's namespaces, and fails closed")
    func json() throws {
        #expect(
            try manifest().json == [
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
                "metadata": [
                    "name": "sts-gateway-injector-one",
                    "labels": [
                        "app.kubernetes.io/name": "sts-gateway", "app.kubernetes.io/instance": "sts-gateway",
                        "app.kubernetes.io/component": "webhook",
                    ],
                ],
                "webhooks": [
                    [
                        "name": "injector-one.sts-gateway.io",
                        "clientConfig": [
                            "service": [
                                "name": "sts-gateway-webhook", "namespace": "sts",
                                "path": "/k8s/webhooks/v1/injector-one", "port": 443,
                            ]
                        ],
                        "rules": [
                            [
                                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                                "resources": ["pods"], "scope": "Namespaced",
                            ]
                        ],
                        "matchPolicy": "Equivalent",
                        "objectSelector": [
                            "matchExpressions": [
                                ["key": "tremolo.io/example-role", "operator": "Exists"],
                                ["key": "tremolo.io/example-role", "operator": "NotIn", "values": ["false"]],
                            ]
                        ],
                        "namespaceSelector": [
                            "matchExpressions": [
                                [
                                    "key": "kubernetes.io/metadata.name", "operator": "NotIn",
                                    "values": ["sts", "kube-system", "kube-public", "kube-node-lease"],
                                ]
                            ]
                        ],
                        "failurePolicy": "Fail", "timeoutSeconds": 5, "sideEffects": "None",
                        "reinvocationPolicy": "IfNeeded", "admissionReviewVersions": ["v1", "v1beta1"],
                    ]
                ],
            ])
    }

    @Test("Prefix, Service and name come from the configuration")
    func settings() throws {
        let json = try manifest([
            "prefix": "example.com", "webhook": ["service": "hook", "configuration": "west"],
        ]).json
        #expect(json["metadata"]?["name"] == "west-injector-one")
        #expect(json["metadata"]?["labels"]?["app.kubernetes.io/instance"] == "west")
        #expect(json.text.contains(#""service":{"name":"hook""#))
        #expect(json.text.contains(#"{"key":"example.com/example-role","operator":"Exists"}"#))
    }

    @Test("The gateway recognizes the manifest's webhooks and adds the missing caBundle")
    func caBundleInjector() throws {
        let manifest = try manifest()
        #expect(!manifest.json.text.contains("caBundle"))
        let stored = manifest.json.setting("u", at: "metadata", "uid").setting("7", at: "metadata", "resourceVersion")
        let configuration = WebhookConfiguration(
            try #require(KubernetesObject(stored)), service: "sts-gateway-webhook", namespace: "sts")
        #expect(configuration.name == manifest.name)
        #expect(configuration.callsGateway)
        #expect(!configuration.trusts("PEM"))
        #expect(configuration.patch(trusting: "PEM").count == 2)
    }

    @Test("It excludes the configured namespaces in place of the system's")
    func configuredNamespaces() throws {
        func excluded(_ names: JSONValue) throws -> JSONValue? {
            let block: JSONValue = ["webhook": ["excludedNamespaces": names]]
            let webhook = try manifest(block).json["webhooks"]?.elementList?.first
            return webhook?["namespaceSelector"]?["matchExpressions"]?.elementList?.first?["values"]
        }
        #expect(try excluded(["build", "sts"]) == ["sts", "build"])
        #expect(try excluded([]) == ["sts"])
    }

    @Test("A gateway in a system namespace excludes it once")
    func systemNamespace() throws {
        #expect(
            WebhookConfigurationManifest.excludedNamespaces(besides: "kube-system") == [
                "kube-system", "kube-public", "kube-node-lease",
            ])
        #expect(WebhookConfigurationManifest.excludedNamespaces(besides: nil).count == 3)
    }
}
