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

    package init(_ node: ConfigurationNode) { self.init(json: Self.json(node)) }

    /// nil where the text is not one JSON value. Not all JSON is YAML to a reader of YAML 1.1: pairs of surrogates are
    /// not.
    package init?(jsonText: [UInt8]) {
        guard let json = try? JSONValue(parsing: jsonText) else { return nil }
        self.init(json: json)
    }

    private init(json: JSONValue) {
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
        } else if let steps = Self.templates[kind] {
            let pointer = steps.reduce(place) { $0.appending($1) }
            pods.append(Pod(pointer: pointer, namespace: namespace, name: name.map { "\(kind) \($0)" } ?? kind))
        }
    }

    /// Where the kinds of the API's workloads have a Pod.
    private static let templates: [String: [String]] = [
        "Pod": [], "PodTemplate": ["template"], "ReplicationController": ["spec", "template"],
        "Deployment": ["spec", "template"], "ReplicaSet": ["spec", "template"], "StatefulSet": ["spec", "template"],
        "DaemonSet": ["spec", "template"], "Job": ["spec", "template"],
        "CronJob": ["spec", "jobTemplate", "spec", "template"],
    ]

    /// As Kubernetes reads YAML, where `0644` is a number with base 8 (YAML 1.1) and `0o644` too.
    private static func json(_ node: ConfigurationNode) -> JSONValue {
        switch node {
        case .mapping(let members, _): .object(members.map { .init($0.key, json($0.value)) })
        case .sequence(let values, _): .array(values.map(json))
        case .scalar(let text, isPlain: true, _): octal(text).map(JSONValue.integer) ?? JSONValue(node)
        case .scalar: JSONValue(node)
        }
    }

    private static func octal(_ text: String) -> Int? {
        guard text.utf8.count > 1, text.utf8.first == UInt8(ascii: "0") else { return nil }
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text.dropFirst()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }) else {
            return nil
        }
        return Int(digits, radix: 8)
    }
}
