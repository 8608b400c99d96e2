package import JSON

/// An object as `kubectl apply` takes it: a Pod, or one that has a Pod's template within.
package struct WorkloadManifest: Sendable {
    /// A Pod, or a template of Pods, within an object.
    package struct Pod: Sendable, Equatable {
        package let pointer: JSONPointer
        /// As `metadata.namespace` has it; nil where the object does not say.
        package let namespace: String?
        /// Of the object, such as `Deployment web`.
        package let name: String
    }

    /// A ServiceAccount whose annotations may hold what its Pods' lack.
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

    /// Where the kinds of the Kubernetes API have a Pod.
    private static let templates: [String: [String]] = [
        "Pod": [], "PodTemplate": ["template"], "ReplicationController": ["spec", "template"],
        "Deployment": ["spec", "template"], "ReplicaSet": ["spec", "template"], "StatefulSet": ["spec", "template"],
        "DaemonSet": ["spec", "template"], "Job": ["spec", "template"],
        "CronJob": ["spec", "jobTemplate", "spec", "template"],
    ]

    /// Where an object of another kind has a Pod template: a Rollout of Argo, a DeploymentConfig of OpenShift, a Service
    /// of Knative.
    private static func template(of object: JSONValue) -> [String]? {
        let containers = object["spec"]?["template"]?["spec"]?["containers"]?.elementList
        return containers == nil ? nil : ["spec", "template"]
    }
}
