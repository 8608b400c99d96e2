public import JSON

/// The metadata of an object (ObjectMeta, meta/v1), as far as this library uses it.
public struct ObjectMeta: Sendable, Equatable {
    /// Identifies an object within its kind.
    public struct Key: Sendable, Hashable {
        /// nil for cluster-scoped objects.
        public let namespace: String?
        /// The name, which is unique in the namespace.
        public let name: String

        /// Creates a key of namespace (nil for cluster-scoped objects) and name.
        public init(namespace: String?, name: String) {
            self.namespace = namespace
            self.name = name
        }
    }

    /// Namespace and name.
    public let key: Key
    /// Changes if the object is deleted and recreated.
    public let uid: String
    /// Opaque; changes with every write.
    public let resourceVersion: String
    /// The labels; empty if there are none.
    public let labels: [String: String]
    /// The annotations; empty if there are none.
    public let annotations: [String: String]

    /// The name, which is unique in the namespace.
    public var name: String { key.name }

    /// Reads an object's `metadata`.
    ///
    /// - Parameter json: the value of `metadata`.
    /// - Returns: nil if it has no name, uid or resourceVersion.
    public init?(_ json: JSONValue?) {
        guard let json, let name = json["name"]?.stringValue, !name.isEmpty, let uid = json["uid"]?.stringValue,
            !uid.isEmpty, let version = json["resourceVersion"]?.stringValue, !version.isEmpty
        else { return nil }
        key = Key(namespace: json["namespace"]?.stringValue, name: name)
        self.uid = uid
        resourceVersion = version
        labels = json["labels"]?.stringMap ?? [:]
        annotations = json["annotations"]?.stringMap ?? [:]
    }
}
