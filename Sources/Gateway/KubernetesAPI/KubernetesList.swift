import JSON

/// The response to a list call, or a page of it ("Retrieving large results sets in chunks").
public struct KubernetesList: Sendable {
    /// The objects of the page.
    public let items: [KubernetesObject]
    /// The version from which a watch misses no event.
    public let resourceVersion: String
    /// The `continue` parameter of the next page; nil after the last.
    public let continuation: String?

    /// Reads the body of a response.
    ///
    /// - Returns: nil if it is not a list of that kind, or an object of it has no name, uid or resourceVersion.
    public init?(body: [UInt8], of resource: KubernetesResource) {
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
