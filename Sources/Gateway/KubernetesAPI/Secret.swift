public import FoundationEssentials
public import JSON

/// A Secret (core/v1). Its `description` is redacted.
public struct Secret: Sendable {
    /// The object with all its fields.
    public let object: KubernetesObject

    /// Creates a Secret of an object that was read.
    public init(_ object: KubernetesObject) { self.object = object }

    /// The metadata.
    public var meta: ObjectMeta { object.meta }
    /// Whether the data and this member itself cannot be changed.
    public var isImmutable: Bool { object.json["immutable"] == .bool(true) }

    /// Returns the decoded value of a data key; nil if the key is missing or its value is not base64.
    public func data(_ key: String) -> Data? {
        object.json["data"]?[key]?.stringValue.flatMap { Data(base64Encoded: $0) }
    }

    /// Returns the body that creates a Secret of type Opaque.
    public static func new(
        name: String, namespace: String, labels: [(String, String)], data: [(String, Data)]
    ) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Secret",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "labels": .object(labels.map { .init($0.0, .string($0.1)) }),
            ],
            "type": "Opaque",
            "data": .object(data.map { .init($0.0, .string($0.1.base64EncodedString())) }),
        ]
    }

    /// Returns the body that updates this Secret: with these labels and data keys set, and all other fields unchanged.
    public func setting(labels: [(String, String)], data: [(String, Data)]) -> JSONValue {
        var json = object.json.setting("v1", at: "apiVersion").setting("Secret", at: "kind")
        for (name, value) in labels { json = json.setting(.string(value), at: "metadata", "labels", name) }
        for (name, value) in data { json = json.setting(.string(value.base64EncodedString()), at: "data", name) }
        return json
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Name, uid and resourceVersion.
    public var description: String { object.description }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
