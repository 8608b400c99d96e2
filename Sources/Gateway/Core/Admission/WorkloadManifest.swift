package import JSON

/// A manifest for `kubectl apply`: a Pod, or an object with a Pod template.
package struct WorkloadManifest: Sendable {
    /// A Pod or a Pod template in an object.
    package struct Pod: Sendable, Equatable {
        package let pointer: JSONPointer
        /// The object's `metadata.namespace`; nil where it has none.
        package let namespace: String?
        /// Kind and name of the object, such as `Deployment web`.
        package let name: String
    }

    /// A ServiceAccount whose annotations may replace missing ones of its Pods.
    package struct ServiceAccount: Sendable, Equatable {
        package let namespace: String?
        package let name: String
        package let annotations: [String: String]
    }

    package let json: JSONValue
    package private(set) var pods: [Pod] = []
    package private(set) var serviceAccounts: [ServiceAccount] = []

    package init(_ json: JSONValue) {
        self.json = json
        read(json, at: JSONPointer())
    }

    /// The Pod's JSON.
    package func json(of pod: Pod) -> JSONValue? {
        pod.pointer.tokens.reduce(json) { value, token in
            guard let elements = value?.elementList else { return value?[token] }
            return Int(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        }
    }

    private mutating func read(_ object: JSONValue, at place: JSONPointer) {
        let kind = object["kind"]?.stringValue ?? ""
        let metadata = object["metadata"]
        let (name, namespace) = (metadata?["name"]?.stringValue, metadata?["namespace"]?.stringValue)
        if kind.hasSuffix("List") {
            for (index, item) in (object["items"]?.elementList ?? []).enumerated() {
                read(item, at: place.appending("items").appending(index))
            }
        } else if kind == "ServiceAccount", let name {
            serviceAccounts.append(
                ServiceAccount(
                    namespace: namespace, name: name, annotations: metadata?["annotations"]?.stringMap ?? [:]))
        } else if kind == "JobSet" {
            for (index, job) in (object["spec"]?["replicatedJobs"]?.elementList ?? []).enumerated() {
                let steps = ["template", "spec", "template"]
                let pointer = place.appending("spec").appending("replicatedJobs").appending(index)
                let jobName = job["name"]?.stringValue.map { " \($0)" } ?? ""
                append(steps.reduce(pointer) { $0.appending($1) }, "\(kind) \(name ?? "")\(jobName)", namespace)
            }
        } else if let steps = Self.templates[kind] ?? Self.template(of: object) {
            append(steps.reduce(place) { $0.appending($1) }, name.map { "\(kind) \($0)" } ?? kind, namespace)
        }
    }

    private mutating func append(_ pointer: JSONPointer, _ name: String, _ namespace: String?) {
        pods.append(Pod(pointer: pointer, namespace: namespace, name: name))
    }

    /// The path of the Pod template in each kind of workload of the Kubernetes API.
    private static let templates: [String: [String]] = [
        "Pod": [], "PodTemplate": ["template"], "ReplicationController": ["spec", "template"],
        "Deployment": ["spec", "template"], "ReplicaSet": ["spec", "template"], "StatefulSet": ["spec", "template"],
        "DaemonSet": ["spec", "template"], "Job": ["spec", "template"],
        "CronJob": ["spec", "jobTemplate", "spec", "template"],
    ]

    /// The path of the Pod template in an object of another kind: an Argo Rollout, an OpenShift DeploymentConfig, a Knative
    /// Service.
    private static func template(of object: JSONValue) -> [String]? {
        let containers = object["spec"]?["template"]?["spec"]?["containers"]?.elementList
        return containers == nil ? nil : ["spec", "template"]
    }
}
