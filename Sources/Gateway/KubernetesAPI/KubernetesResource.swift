/// A kind of object by its place in the API ("API Concepts", resource URIs).
public struct KubernetesResource: Sendable, Hashable {
    /// Empty for the core group.
    public let group: String
    /// The version of the group, such as `v1`.
    public let version: String
    /// The name of the resource in URIs and roles, such as `secrets`.
    public let plural: String
    /// The kind of the objects, such as `Secret`.
    public let kind: String

    /// Creates a resource of its group (empty for the core group), version, plural and kind.
    public init(group: String = "", version: String = "v1", plural: String, kind: String) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
    }

    /// Secrets of the core group.
    public static let secrets = KubernetesResource(plural: "secrets", kind: "Secret")
    /// ConfigMaps of the core group.
    public static let configMaps = KubernetesResource(plural: "configmaps", kind: "ConfigMap")
    /// Pods of the core group.
    public static let pods = KubernetesResource(plural: "pods", kind: "Pod")
    /// Events of the core group, which kubectl shows with an object.
    public static let events = KubernetesResource(plural: "events", kind: "Event")
    /// Leases, which leader elections use.
    public static let leases = KubernetesResource(group: "coordination.k8s.io", plural: "leases", kind: "Lease")
    /// MutatingWebhookConfigurations, which are cluster-scoped.
    public static let mutatingWebhookConfigurations = KubernetesResource(
        group: "admissionregistration.k8s.io", plural: "mutatingwebhookconfigurations",
        kind: "MutatingWebhookConfiguration")

    /// MutatingAdmissionPolicies, ValidatingAdmissionPolicies and their bindings, which are cluster-scoped.
    public static let admissionPolicies = ["Mutating", "Validating"].flatMap { kind in
        ["Policy", "PolicyBinding"].map { suffix in
            KubernetesResource(
                group: "admissionregistration.k8s.io",
                plural: "\(kind.lowercased())admission\(suffix == "Policy" ? "policies" : "policybindings")",
                kind: "\(kind)Admission\(suffix)")
        }
    }
    /// ClusterRoles.
    public static let clusterRoles = KubernetesResource(
        group: "rbac.authorization.k8s.io", plural: "clusterroles", kind: "ClusterRole")

    /// Group and version as an object's `apiVersion` has them.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// Plural and group as the API server's messages have them, such as `leases.coordination.k8s.io`.
    public var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// Returns the path of all objects, or of one.
    ///
    /// - Parameters:
    ///   - namespace: nil for cluster-scoped objects, or for those of all namespaces.
    ///   - name: a Kubernetes name, which needs no encoding.
    public func path(namespace: String?, name: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if let namespace { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if let name { path += "/\(name)" }
        return path
    }
}
