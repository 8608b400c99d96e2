/// A kind of object that the server stores, with the names of the Kubernetes API reference.
package struct APIResource: Hashable, Sendable {
    /// Empty for the core group.
    package let group: String
    package let version: String
    package let plural: String
    package let kind: String
    package let isNamespaced: Bool
    /// Whether a PUT without a resourceVersion is accepted, which depends on the kind.
    let allowsUnconditionalUpdate: Bool
    /// The fields of `fieldSelector` in addition to `metadata.name` and `metadata.namespace`.
    let selectableFields: [String]

    init(
        _ plural: String, _ kind: String, group: String = "", isNamespaced: Bool = true,
        allowsUnconditionalUpdate: Bool = true, selectableFields: [String] = []
    ) {
        self.group = group
        self.version = "v1"
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
        self.allowsUnconditionalUpdate = allowsUnconditionalUpdate
        self.selectableFields = selectableFields
    }

    package static let namespaces = APIResource(
        "namespaces", "Namespace", isNamespaced: false, selectableFields: ["status.phase"])
    package static let nodes = APIResource(
        "nodes", "Node", isNamespaced: false, selectableFields: ["spec.unschedulable"])
    package static let serviceAccounts = APIResource("serviceaccounts", "ServiceAccount")
    package static let pods = APIResource(
        "pods", "Pod", selectableFields: ["spec.nodeName", "spec.serviceAccountName", "status.phase"])
    package static let secrets = APIResource("secrets", "Secret", selectableFields: ["type"])
    package static let configMaps = APIResource("configmaps", "ConfigMap")
    package static let events = APIResource(
        "events", "Event",
        selectableFields: ["involvedObject.kind", "involvedObject.name", "involvedObject.uid", "reason", "type"])
    package static let leases = APIResource(
        "leases", "Lease", group: "coordination.k8s.io", allowsUnconditionalUpdate: false)
    package static let mutatingWebhookConfigurations = APIResource(
        "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", group: "admissionregistration.k8s.io",
        isNamespaced: false, allowsUnconditionalUpdate: false)
    package static let mutatingAdmissionPolicies = policies("mutatingadmissionpolicies", "MutatingAdmissionPolicy")
    package static let mutatingAdmissionPolicyBindings = policies(
        "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding")
    package static let validatingAdmissionPolicies = policies(
        "validatingadmissionpolicies", "ValidatingAdmissionPolicy")
    package static let validatingAdmissionPolicyBindings = policies(
        "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding")
    package static let clusterRoles = APIResource(
        "clusterroles", "ClusterRole", group: "rbac.authorization.k8s.io", isNamespaced: false)

    private static func policies(_ plural: String, _ kind: String) -> APIResource {
        APIResource(plural, kind, group: "admissionregistration.k8s.io", isNamespaced: false)
    }

    /// The newer group of the same objects; here it has a separate store.
    package static let newerEvents = APIResource(
        "events", "Event", group: "events.k8s.io", selectableFields: ["regarding.name", "reason", "type"])

    package static let daemonSets = APIResource("daemonsets", "DaemonSet", group: "apps")
    package static let csiDrivers = APIResource(
        "csidrivers", "CSIDriver", group: "storage.k8s.io", isNamespaced: false)
    package static let csiNodes = APIResource("csinodes", "CSINode", group: "storage.k8s.io", isNamespaced: false)

    package static let all = [
        daemonSets, csiDrivers, csiNodes,
        namespaces, nodes, serviceAccounts, pods, secrets, configMaps, events, leases, mutatingWebhookConfigurations,
        newerEvents, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings, validatingAdmissionPolicies,
        validatingAdmissionPolicyBindings, clusterRoles,
    ]

    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The name in error messages, such as `leases.coordination.k8s.io`.
    var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The path of its objects; without a namespace that of all namespaces.
    package func path(namespace: String? = nil, name: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if let namespace { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if let name { path += "/\(name)" }
        return path
    }
}

/// The key of an object.
struct ObjectKey: Hashable, Sendable, Comparable {
    let resource: APIResource
    /// nil for cluster-scoped objects.
    let namespace: String?
    let name: String

    static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace ?? "", left.name) < (right.namespace ?? "", right.name)
    }
}
