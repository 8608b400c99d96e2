package import JSON
import KubernetesAPI

/// The MutatingWebhookConfiguration of one endpoint, for `kubectl apply`. It has no caBundle, since the gateway writes it;
/// with an empty one the API server would trust its own CAs.
package struct WebhookConfigurationManifest: Sendable {
    /// All namespaces that the webhook excludes.
    ///
    /// - Parameters:
    ///   - configured: the namespaces of the configuration.
    ///   - namespace: the gateway's namespace, whose Pods must start without it; nil where it is not known.
    package static func excludedNamespaces(
        _ configured: [String] = GatewayConfiguration.Injection.Webhook.systemNamespaces, besides namespace: String?
    ) -> [String] {
        guard let namespace else { return configured }
        return [namespace] + configured.filter { $0 != namespace }
    }

    private let endpoint: String
    private let key: String
    private let webhook: GatewayConfiguration.Injection.Webhook
    private let namespace: String

    /// - Parameter namespace: the gateway's namespace.
    package init(_ endpoint: EndpointConfiguration, _ injection: GatewayConfiguration.Injection, namespace: String) {
        self.endpoint = endpoint.name
        key = "\(injection.prefix)/\(endpoint.injector.label)"
        webhook = injection.webhook
        self.namespace = namespace
    }

    package var name: String { webhook.configurationName(of: endpoint) }

    package var json: JSONValue {
        let resource = KubernetesResource.mutatingWebhookConfigurations
        return [
            "apiVersion": .string(resource.apiVersion), "kind": .string(resource.kind),
            "metadata": [
                "name": .string(name),
                "labels": [
                    "app.kubernetes.io/name": "sts-gateway",
                    "app.kubernetes.io/instance": .string(webhook.configurationPrefix),
                    "app.kubernetes.io/component": "webhook",
                ],
            ],
            "webhooks": [entry],
        ]
    }

    private var entry: JSONValue {
        [
            // A name needs at least three labels. It has no meaning outside this configuration.
            "name": .string("injector-\(endpoint).sts-gateway.io"),
            "clientConfig": [
                "service": [
                    "name": .string(webhook.service), "namespace": .string(namespace),
                    "path": .string("/k8s/webhooks/v1/injector-\(endpoint)"), "port": 443,
                ]
            ],
            "rules": [
                [
                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
                    "scope": "Namespaced",
                ]
            ],
            "matchPolicy": "Equivalent",
            // A Pod without the label does not depend on the gateway.
            "objectSelector": [
                "matchExpressions": [
                    ["key": .string(key), "operator": "Exists"],
                    ["key": .string(key), "operator": "NotIn", "values": ["false"]],
                ]
            ],
            "namespaceSelector": [
                "matchExpressions": [
                    [
                        "key": "kubernetes.io/metadata.name", "operator": "NotIn",
                        "values": .array(
                            Self.excludedNamespaces(webhook.excludedNamespaces, besides: namespace).map(
                                JSONValue.string)),
                    ]
                ]
            ],
            "failurePolicy": "Fail",
            "timeoutSeconds": 5,
            "sideEffects": "None",
            "reinvocationPolicy": "IfNeeded",
            "admissionReviewVersions": ["v1", "v1beta1"],
        ]
    }
}
