import JSON

/// An event of a watch (WatchEvent, meta/v1): one line of the response.
public enum WatchEvent: Sendable {
    /// The object was created, or matches the watch's selector now.
    case added(KubernetesObject)
    /// The object was changed.
    case modified(KubernetesObject)
    /// The object was deleted, or no longer matches the selector. This is its last state, with the resourceVersion of
    /// the deletion.
    case deleted(KubernetesObject)
    /// There were no further events up to this version.
    case bookmark(resourceVersion: String)
    /// The watch ends. The code is 410 if the API server no longer has the events to continue with.
    case error(KubernetesStatus)

    /// Reads a line of the response; nil if it is not an event.
    public init?(line: [UInt8]) {
        guard let json = try? JSONValue(parsing: line), let object = json["object"] else { return nil }
        switch json["type"]?.stringValue {
        case "BOOKMARK":
            guard let version = object["metadata"]?["resourceVersion"]?.stringValue, !version.isEmpty else {
                return nil
            }
            self = .bookmark(resourceVersion: version)
        case "ERROR":
            guard let status = KubernetesStatus(json: object.utf8Text) else { return nil }
            self = .error(status)
        case "ADDED":
            guard let object = KubernetesObject(object) else { return nil }
            self = .added(object)
        case "MODIFIED":
            guard let object = KubernetesObject(object) else { return nil }
            self = .modified(object)
        case "DELETED":
            guard let object = KubernetesObject(object) else { return nil }
            self = .deleted(object)
        default: return nil
        }
    }
}
