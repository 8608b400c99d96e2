import FoundationEssentials
package import JSON
package import KubernetesAPI

/// A MutatingWebhookConfiguration (admissionregistration.k8s.io/v1): the CA bundles of the webhooks that call the gateway.
package struct WebhookConfiguration: Sendable {
    private let object: KubernetesObject
    /// Indexes of the webhooks that call the gateway's Service.
    private let ours: [Int]
    private let service: String
    private let namespace: String

    /// - Parameters:
    ///   - service: the Service of the gateway's webhook listener.
    ///   - namespace: the gateway's namespace.
    package init(_ object: KubernetesObject, service: String, namespace: String) {
        self.object = object
        self.service = service
        self.namespace = namespace
        let webhooks = object.json["webhooks"]?.elementList ?? []
        ours = webhooks.indices.filter { index in
            let called = webhooks[index]["clientConfig"]?["service"]
            return called?["name"]?.stringValue == service && called?["namespace"]?.stringValue == namespace
        }
    }

    package var name: String { object.meta.name }
    package var uid: String { object.meta.uid }

    /// Why another gateway may inject the same Pods: a webhook of another Service selects them by one of the labels.
    /// Nil where none does.
    ///
    /// - Parameter labels: the keys of the labels of this gateway's endpoints.
    package func conflict(over labels: Set<String>) -> String? {
        let webhooks = object.json["webhooks"]?.elementList ?? []
        for (index, webhook) in webhooks.enumerated() where !ours.contains(index) {
            guard let label = Self.selected(by: webhook["objectSelector"]).first(where: labels.contains) else {
                continue
            }
            let called = webhook["clientConfig"]?["service"]
            let callee =
                if let name = called?["name"]?.stringValue, let namespace = called?["namespace"]?.stringValue {
                    "the Service \(name) in namespace \(namespace)"
                } else {
                    "a URL"
                }
            return
                "MutatingWebhookConfiguration \(name) calls \(callee) for Pods with the label \(label), which is a label "
                + "of this gateway; use another injection.prefix in one of them, or delete what is no longer used"
        }
        return nil
    }

    /// The labels that a selector requires.
    private static func selected(by selector: JSONValue?) -> [String] {
        var labels: [String] = []
        if case .object(let members)? = selector?["matchLabels"] { labels += members.map(\.name) }
        for expression in selector?["matchExpressions"]?.elementList ?? []
        where expression["operator"] != "DoesNotExist" {
            if let key = expression["key"]?.stringValue { labels.append(key) }
        }
        return labels.sorted()
    }

    /// The gateway's Service, for messages.
    package var callee: String { "the Service \(service) in namespace \(namespace)" }
    /// The host name by which the API server calls the gateway.
    package var host: String { ServiceName(service, in: namespace).host }
    /// Whether a webhook in it calls the gateway.
    package var callsGateway: Bool { !ours.isEmpty }

    /// The annotation that makes cert-manager's CA injector write the CA bundle; nil where there is none.
    package var otherInjector: String? {
        let annotations = object.meta.annotations
        return ["inject-ca-from", "inject-ca-from-secret", "inject-apiserver-ca"].map { "cert-manager.io/\($0)" }
            .first { annotations[$0] != nil }
    }

    /// Whether every webhook that calls the gateway has a CA bundle.
    package var hasBundle: Bool { ours.allSatisfy { bundle(at: $0)?.isEmpty == false } }

    /// Whether every webhook that calls the gateway has exactly this bundle.
    package func trusts(_ bundle: String) -> Bool {
        ours.allSatisfy { self.bundle(at: $0) == bundle }
    }

    /// The JSON patch (RFC 6902) that writes the CA bundle. The API server rejects it where the object has changed.
    package func patch(trusting bundle: String) -> [JSONValue] {
        let test: JSONValue = [
            "op": "test", "path": "/metadata/resourceVersion", "value": .string(object.meta.resourceVersion),
        ]
        let encoded = Data(bundle.utf8).base64EncodedString()
        return [test]
            + ours.filter { self.bundle(at: $0) != bundle }.map { index in
                ["op": "add", "path": .string("/webhooks/\(index)/clientConfig/caBundle"), "value": .string(encoded)]
            }
    }

    private func bundle(at index: Int) -> String? {
        let encoded = object.json["webhooks"]?.elementList?[index]["clientConfig"]?["caBundle"]?.stringValue
        return encoded.flatMap { Data(base64Encoded: $0) }.flatMap { String(validating: $0, as: UTF8.self) }
    }
}
