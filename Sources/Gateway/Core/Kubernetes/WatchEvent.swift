import FoundationEssentials
import JSON

/// A line of a watch's answer (WatchEvent, meta/v1).
package enum WatchEvent: Sendable {
    case added(KubernetesObject)
    case modified(KubernetesObject)
    /// The object's last state; its resourceVersion is that of the deletion.
    case deleted(KubernetesObject)
    /// Nothing happened up to there.
    case bookmark(resourceVersion: String)
    /// The watch cannot go on; 410 where what happened since is forgotten.
    case error(KubernetesStatus)

    /// nil where the line is no such event.
    package init?(line: [UInt8]) {
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: Data(line)), let object = json["object"]
        else { return nil }
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
