/// A kind of object that the stand-in keeps, under the names of the Kubernetes API reference.
public struct APIResource: Hashable, Sendable {
    /// Empty for the core group.
    public let group: String
    public let version: String
    public let plural: String
    public let kind: String
    public let isNamespaced: Bool
    /// Whether a PUT without a resourceVersion is taken, which each kind's strategy decides.
    let allowsUnconditionalUpdate: Bool
    /// What `fieldSelector` may name beside `metadata.name` and `metadata.namespace`.
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

    public static let namespaces = APIResource(
        "namespaces", "Namespace", isNamespaced: false, selectableFields: ["status.phase"])
    public static let nodes = APIResource(
        "nodes", "Node", isNamespaced: false, selectableFields: ["spec.unschedulable"])
    public static let serviceAccounts = APIResource("serviceaccounts", "ServiceAccount")
    public static let pods = APIResource(
        "pods", "Pod", selectableFields: ["spec.nodeName", "spec.serviceAccountName", "status.phase"])
    public static let secrets = APIResource("secrets", "Secret", selectableFields: ["type"])
    public static let configMaps = APIResource("configmaps", "ConfigMap")
    public static let events = APIResource(
        "events", "Event",
        selectableFields: ["involvedObject.kind", "involvedObject.name", "involvedObject.uid", "reason", "type"])
    public static let leases = APIResource(
        "leases", "Lease", group: "coordination.k8s.io", allowsUnconditionalUpdate: false)
    public static let mutatingWebhookConfigurations = APIResource(
        "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", group: "admissionregistration.k8s.io",
        isNamespaced: false, allowsUnconditionalUpdate: false)
    /// The newer group of the same objects; here it is a store of its own.
    public static let newerEvents = APIResource(
        "events", "Event", group: "events.k8s.io", selectableFields: ["regarding.name", "reason", "type"])

    public static let all = [
        namespaces, nodes, serviceAccounts, pods, secrets, configMaps, events, leases, mutatingWebhookConfigurations,
        newerEvents,
    ]

    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// As error texts name it, such as `leases.coordination.k8s.io`.
    var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The path of its objects; without a namespace, of those of all namespaces.
    public func path(namespace: String? = nil, name: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if let namespace { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if let name { path += "/\(name)" }
        return path
    }
}

/// One object's address.
struct ObjectKey: Hashable, Sendable, Comparable {
    let resource: APIResource
    /// nil for a cluster's own objects.
    let namespace: String?
    let name: String

    static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace ?? "", left.name) < (right.namespace ?? "", right.name)
    }
}
