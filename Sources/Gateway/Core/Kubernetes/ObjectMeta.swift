package import JSON

/// What every object of the API has (ObjectMeta, meta/v1), as far as the gateway looks at it.
package struct ObjectMeta: Sendable, Equatable {
    /// An object's address within its kind.
    package struct Key: Sendable, Hashable {
        /// nil for a cluster's own objects.
        package let namespace: String?
        package let name: String

        package init(namespace: String?, name: String) {
            self.namespace = namespace
            self.name = name
        }
    }

    package let key: Key
    /// Another one where the object was deleted and made anew.
    package let uid: String
    /// Opaque; another one after each change.
    package let resourceVersion: String
    package let labels: [String: String]
    package let annotations: [String: String]

    package var name: String { key.name }

    /// - Parameter json: the object's `metadata`; nil where that has no name, uid or resourceVersion.
    package init?(_ json: JSONValue?) {
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
