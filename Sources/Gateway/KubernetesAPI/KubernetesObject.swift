public import JSON

/// An object with all its fields. Its `description` has neither labels nor data, because it may be a Secret.
public struct KubernetesObject: Sendable {
    /// The metadata.
    public let meta: ObjectMeta
    /// The whole object.
    public let json: JSONValue

    /// Reads an object; nil if its metadata has no name, uid or resourceVersion.
    public init?(_ json: JSONValue) {
        guard let meta = ObjectMeta(json["metadata"]) else { return nil }
        self.meta = meta
        self.json = json
    }

    /// Reads the response to a call about one object.
    ///
    /// - Returns: nil if the body is not an object of that kind.
    public init?(body: [UInt8], of resource: KubernetesResource) {
        guard let json = try? JSONValue(parsing: body), json["kind"]?.stringValue == resource.kind,
            json["apiVersion"]?.stringValue == resource.apiVersion
        else { return nil }
        self.init(json)
    }
}

extension KubernetesObject: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Name, uid and resourceVersion.
    public var description: String { "\(meta.name) (\(meta.uid), \(meta.resourceVersion))" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
