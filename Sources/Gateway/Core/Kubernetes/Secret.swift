public import FoundationEssentials
public import JOSE

/// A Secret (core/v1). It does not print.
public struct Secret: Sendable {
    public let object: KubernetesObject

    public init(_ object: KubernetesObject) { self.object = object }

    public var meta: ObjectMeta { object.meta }
    /// Neither its data nor this can be changed any more.
    public var isImmutable: Bool { object.json["immutable"] == .bool(true) }

    /// nil where it has no such key.
    public func data(_ key: String) -> Data? {
        object.json["data"]?[key]?.stringValue.flatMap { Data(base64Encoded: $0) }
    }

    /// A Secret to be made, of type Opaque.
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

    /// This Secret with labels and data set, and with everything else that it has: to be written in its place.
    public func setting(labels: [(String, String)], data: [(String, Data)]) -> JSONValue {
        var json = object.json.setting("v1", at: "apiVersion").setting("Secret", at: "kind")
        for (name, value) in labels { json = json.setting(.string(value), at: "metadata", "labels", name) }
        for (name, value) in data { json = json.setting(.string(value.base64EncodedString()), at: "data", name) }
        return json
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { object.description }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
