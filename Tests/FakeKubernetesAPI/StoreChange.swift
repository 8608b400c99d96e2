import JSON

/// A change of an object, as in watch events.
struct StoreChange: Sendable {
    enum Kind: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    let kind: Kind
    let revision: Int
    let key: ObjectKey
    /// The object after the change; the last state for a deletion, with the deletion's resourceVersion.
    let object: JSONValue
    /// The object before the change.
    let previous: JSONValue?

    /// The event for a watch with that selector: an object that starts to match is ADDED, one that stops, DELETED.
    func seen(by watch: WatchScope) -> WatchFrame? {
        guard watch.resource == key.resource, watch.namespace == nil || watch.namespace == key.namespace else {
            return nil
        }
        let matches = kind != .deleted && watch.selector.matches(object)
        let matched = previous.map(watch.selector.matches) ?? false
        switch (matched, matches) {
        case (false, false): return nil
        case (false, true): return .object(.added, object)
        case (true, true): return .object(.modified, object)
        case (true, false): return .object(.deleted, object)
        }
    }
}

/// The scope of a list or watch.
struct WatchScope: Sendable {
    let resource: APIResource
    /// nil for all.
    let namespace: String?
    let selector: Selector
}

/// One line of a watch response.
enum WatchFrame: Sendable {
    case object(StoreChange.Kind, JSONValue)
    case bookmark(revision: Int, endsInitialEvents: Bool)
    case error(APIStatus)

    func shown(onlyMetadata: Bool) -> WatchFrame {
        guard onlyMetadata, case .object(let kind, let object) = self else { return self }
        return .object(kind, object.onlyMetadata)
    }

    /// - Parameter resource: the resource of the watch, for bookmarks.
    func line(of resource: APIResource) -> [UInt8] {
        let event: JSONValue =
            switch self {
            case .object(let kind, let object): ["type": .string(kind.rawValue), "object": object]
            case .error(let status): ["type": "ERROR", "object": status.json]
            case .bookmark(let revision, let endsInitialEvents):
                ["type": "BOOKMARK", "object": Self.bookmark(resource, revision, endsInitialEvents)]
            }
        return event.utf8Text + [UInt8(ascii: "\n")]
    }

    private static func bookmark(_ resource: APIResource, _ revision: Int, _ endsInitialEvents: Bool) -> JSONValue {
        var object: JSONValue = [
            "kind": .string(resource.kind), "apiVersion": .string(resource.apiVersion),
            "metadata": ["resourceVersion": .string(String(revision)), "creationTimestamp": .null],
        ]
        if endsInitialEvents { object.set("true", at: "metadata", "annotations", "k8s.io/initial-events-end") }
        return object
    }
}
