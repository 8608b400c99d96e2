import JSON

/// A map of strings in a Pod: labels, annotations or a selector. A value is copied when it is asked for, since an annotation
/// may be longer than the rest of the Pod.
struct PodTexts {
    private let nodes: [String: JSONNode]

    init(_ nodes: [String: JSONNode] = [:]) { self.nodes = nodes }

    var keys: some Collection<String> { nodes.keys }

    subscript(key: String) -> String? { nodes[key]?.stringValue }
}
