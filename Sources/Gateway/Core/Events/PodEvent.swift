import Crypto
package import FoundationEssentials
import GatewayPluginAPI
package import JSON
import KubernetesAPI

/// An Event (core/v1) on a Pod whose token request was denied by policy, for users who may read the Pod but not the
/// gateway's audit.
package struct PodEvent: Sendable, Equatable {
    /// The Event's `reason`.
    package enum Reason: String, Sendable, CaseIterable {
        /// No rule of the endpoint matched.
        case tokenRefused = "TokenRefused"
    }

    /// Identifies Events of which one is reported within ``interval``.
    package struct Key: Sendable, Hashable {
        package let podUID: String
        package let endpoint: String
        package let reason: Reason
    }

    /// Seconds between two Events with the same key.
    package static let interval = 600.0
    /// The Event's `source.component`.
    package static let component = "sts-gateway"

    package let key: Key
    package let namespace: String
    package let podName: String
    /// The `request_id` of the audit record.
    package let auditID: String
    package let time: Date

    /// Creates the Event of an audit record.
    ///
    /// - Returns: nil where the record is not a denial by policy, or the token is not bound to a Pod.
    package init?(of record: AuditRecord) {
        guard record.decision == .denied, let identity = record.attributes?.identity, let pod = identity.pod,
            let uid = pod.uid, !uid.isEmpty, KubernetesName.isSubdomain(pod.name),
            KubernetesName.isLabel(identity.namespace)
        else { return nil }
        key = Key(podUID: uid, endpoint: record.request.endpoint, reason: .tokenRefused)
        namespace = identity.namespace
        podName = pod.name
        auditID = record.request.id
        time = record.time
    }

    /// The Pod's name followed by 16 hexadecimal digits, the format of client-go. It is the same for all replicas within an
    /// ``interval`` of the clock, so that the first replica creates the Event and the others get a conflict.
    package var name: String {
        let interval = Int((time.timeIntervalSince1970 / Self.interval).rounded(.down))
        let identity = "\(key.podUID)\n\(key.endpoint)\n\(key.reason.rawValue)\n\(interval)"
        let digest = SHA256.hash(data: Data(identity.utf8)).prefix(8)
        let digits = digest.map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0\(text)" : text
        }
        var beginning = podName.prefix(Self.maximumNameLength - 17)
        while let last = beginning.last, last == "-" || last == "." { beginning.removeLast() }
        return "\(beginning).\(digits.joined())"
    }

    /// The maximum length of a name, in ASCII characters.
    private static let maximumNameLength = 253

    package var message: String {
        "refused by policy of endpoint \(key.endpoint); audit id \(auditID) (\(ErrorCode.deniedByPolicy))"
    }

    /// The Event as JSON, to be created in the Pod's namespace.
    ///
    /// - Parameter instance: the gateway's Pod; nil where it is not known.
    package func json(reportedBy instance: String?) -> JSONValue {
        let time = JSONValue.string(time.formatted(.iso8601))
        var members: [JSONValue.Member] = [
            .init("apiVersion", .string(KubernetesResource.events.apiVersion)),
            .init("kind", .string(KubernetesResource.events.kind)),
            .init("metadata", ["name": .string(name), "namespace": .string(namespace)]),
            .init(
                "involvedObject",
                [
                    "apiVersion": "v1", "kind": "Pod", "name": .string(podName), "namespace": .string(namespace),
                    "uid": .string(key.podUID),
                ]),
            .init("reason", .string(key.reason.rawValue)),
            .init("message", .string(message)),
            .init("type", "Warning"),
            .init("source", ["component": .string(Self.component)]),
            .init("firstTimestamp", time),
            .init("lastTimestamp", time),
            .init("count", 1),
            .init("reportingComponent", .string(Self.component)),
        ]
        if let instance { members.append(.init("reportingInstance", .string(instance))) }
        return .object(members)
    }
}
