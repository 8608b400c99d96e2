/// A kind of object by its place in the API ("API Concepts", resource URIs).
package struct KubernetesResource: Sendable, Hashable {
    /// Empty for the core group.
    package let group: String
    package let version: String
    package let plural: String
    package let kind: String

    package init(group: String = "", version: String = "v1", plural: String, kind: String) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
    }

    package static let secrets = KubernetesResource(plural: "secrets", kind: "Secret")
    package static let pods = KubernetesResource(plural: "pods", kind: "Pod")
    /// Of the core group, which kubectl shows with a Pod.
    package static let events = KubernetesResource(plural: "events", kind: "Event")
    package static let leases = KubernetesResource(group: "coordination.k8s.io", plural: "leases", kind: "Lease")
    /// A cluster's own objects.
    package static let mutatingWebhookConfigurations = KubernetesResource(
        group: "admissionregistration.k8s.io", plural: "mutatingwebhookconfigurations",
        kind: "MutatingWebhookConfiguration")

    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// As a role's rule and the API server's words name it, such as `leases.coordination.k8s.io`.
    package var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The path of all objects, or of one.
    ///
    /// - Parameters:
    ///   - namespace: nil for a cluster's own objects, or for those of all namespaces.
    ///   - name: a Kubernetes name, which needs no encoding.
    package func path(namespace: String?, name: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if let namespace { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if let name { path += "/\(name)" }
        return path
    }
}
