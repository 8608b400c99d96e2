import FoundationEssentials
package import JSON

/// An object as the API server told it, with every field that it has. It does not print, since it may be a Secret.
package struct KubernetesObject: Sendable {
    package let meta: ObjectMeta
    package let json: JSONValue

    /// nil where there is no metadata with name, uid and resourceVersion.
    package init?(_ json: JSONValue) {
        guard let meta = ObjectMeta(json["metadata"]) else { return nil }
        self.meta = meta
        self.json = json
    }

    /// An answer to a call about one object.
    ///
    /// - Returns: nil where the body is no object of that kind.
    package init?(body: [UInt8], of resource: KubernetesResource) {
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: Data(body)),
            json["kind"]?.stringValue == resource.kind, json["apiVersion"]?.stringValue == resource.apiVersion
        else { return nil }
        self.init(json)
    }
}

extension KubernetesObject: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(meta.name) (\(meta.uid), \(meta.resourceVersion))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

/// A list's answer, or a page of it ("Retrieving large results sets in chunks").
package struct KubernetesList: Sendable {
    package let items: [KubernetesObject]
    /// Where a watch begins that misses nothing.
    package let resourceVersion: String
    /// What asks for the next page; nil after the last.
    package let continuation: String?

    /// - Returns: nil where the body is no list of that kind.
    package init?(body: [UInt8], of resource: KubernetesResource) {
        // Pages of Pods are large, and a reader that tries each type in turn takes long for them.
        guard let json = try? JSONValue(parsing: body), json["kind"]?.stringValue == resource.kind + "List",
            json["apiVersion"]?.stringValue == resource.apiVersion, let metadata = json["metadata"],
            let version = metadata["resourceVersion"]?.stringValue, !version.isEmpty
        else { return nil }
        // An empty list may be null.
        let elements = json["items"]?.elementList ?? []
        let items = elements.compactMap { KubernetesObject($0) }
        guard items.count == elements.count else { return nil }
        self.items = items
        resourceVersion = version
        let continuation = metadata["continue"]?.stringValue ?? ""
        self.continuation = continuation.isEmpty ? nil : continuation
    }
}
