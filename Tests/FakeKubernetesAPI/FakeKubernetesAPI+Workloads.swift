package import GatewayTestSupport
import JSON

/// Functions that create the objects of a workload, and its tokens.
extension FakeKubernetesAPI {
    package func addNamespace(
        _ name: String, labels: [String: String] = [:], annotations: [String: String] = [:]
    ) throws(Refused) {
        try add(.namespaces, Self.object(name, labels, annotations))
    }

    package func addServiceAccount(
        _ name: String, namespace: String, labels: [String: String] = [:], annotations: [String: String] = [:]
    ) throws(Refused) {
        try add(.serviceAccounts, namespace: namespace, Self.object(name, labels, annotations))
    }

    package func addNode(_ name: String) throws(Refused) {
        try add(.nodes, Self.object(name, [:], [:]))
    }

    package func addPod(
        _ name: String, namespace: String, serviceAccount: String = "default", node: String? = nil,
        labels: [String: String] = [:], annotations: [String: String] = [:]
    ) throws(Refused) {
        var pod = Self.object(name, labels, annotations)
        pod.set(.string(serviceAccount), at: "spec", "serviceAccountName")
        if let node { pod.set(.string(node), at: "spec", "nodeName") }
        pod.set([["name": "main", "image": "example.com/main"]], at: "spec", "containers")
        pod.set("Running", at: "status", "phase")
        try add(.pods, namespace: namespace, pod)
    }

    /// Creates a namespace, node, ServiceAccount and running Pod, each where it does not exist.
    package func addWorkload(
        namespace: String = "default", serviceAccount: String = "web", pod: String = "web-0", node: String = "node-1"
    ) throws(Refused) {
        if object(.namespaces, name: namespace) == nil { try addNamespace(namespace) }
        if object(.nodes, name: node) == nil { try addNode(node) }
        if object(.serviceAccounts, namespace: namespace, name: serviceAccount) == nil {
            try addServiceAccount(serviceAccount, namespace: namespace)
        }
        try addPod(pod, namespace: namespace, serviceAccount: serviceAccount, node: node)
    }

    /// Returns a token as the kubelet projects it into a Pod: from TokenRequest, bound to the Pod.
    ///
    /// - Parameters:
    ///   - pod: nil for a token that is not bound.
    ///   - audiences: empty for the API server's audience.
    ///   - lifetime: seconds, 600 at least.
    package func token(
        namespace: String = "default", serviceAccount: String = "web", pod: String? = "web-0", audiences: [String],
        lifetime: Int = 3600
    ) throws(Refused) -> String {
        var body: JSONValue = [
            "spec": [
                "audiences": .array(audiences.map(JSONValue.string)), "expirationSeconds": .integer(lifetime),
            ]
        ]
        if let pod {
            body.set(["apiVersion": "v1", "kind": "Pod", "name": .string(pod)], at: "spec", "boundObjectRef")
        }
        let request = try mapped { () throws(APIStatus) in
            try requestToken(namespace: namespace, serviceAccount: serviceAccount, body)
        }
        return request[path: "status", "token"]?.string ?? ""
    }

    /// Returns a token with the cluster's signature and any claims, which TokenRequest would not issue.
    package func forgedToken(_ adjust: (inout TestCluster.Claims) -> Void) throws(Refused) -> String {
        try mapped { () throws(APIStatus) in try sign(at: clock(), adjust) }
    }

    private static func object(_ name: String, _ labels: [String: String], _ annotations: [String: String]) -> JSONValue
    {
        func json(_ values: [String: String]) -> JSONValue {
            .object(values.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
        }
        var object: JSONValue = ["metadata": ["name": .string(name)]]
        if !labels.isEmpty { object.set(json(labels), at: "metadata", "labels") }
        if !annotations.isEmpty { object.set(json(annotations), at: "metadata", "annotations") }
        return object
    }
}
