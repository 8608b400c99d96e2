package import FoundationEssentials
package import JSON

/// A Secret (core/v1). It does not print.
package struct Secret: Sendable {
    package let object: KubernetesObject

    package init(_ object: KubernetesObject) { self.object = object }

    package var meta: ObjectMeta { object.meta }
    /// Neither its data nor this can be changed any more.
    package var isImmutable: Bool { object.json["immutable"] == .bool(true) }

    /// nil where it has no such key.
    package func data(_ key: String) -> Data? {
        object.json["data"]?[key]?.stringValue.flatMap { Data(base64Encoded: $0) }
    }

    /// A Secret to be made, of type Opaque.
    package static func new(
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
    package func setting(labels: [(String, String)], data: [(String, Data)]) -> JSONValue {
        var json = object.json.setting("v1", at: "apiVersion").setting("Secret", at: "kind")
        for (name, value) in labels { json = json.setting(.string(value), at: "metadata", "labels", name) }
        for (name, value) in data { json = json.setting(.string(value.base64EncodedString()), at: "data", name) }
        return json
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { object.description }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
