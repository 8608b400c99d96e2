import Crypto
package import FoundationEssentials
import GatewayPluginAPI
package import JSON
import KubernetesAPI

/// An Event (core/v1) on the Pod whose token call was refused by policy, for those who may look at the Pod and not at
/// the gateway's audit.
package struct PodEvent: Sendable, Equatable {
    /// One word in upper camel case, by which people select Events; each is told for itself.
    package enum Reason: String, Sendable, CaseIterable {
        /// No rule of the endpoint allows the Pod's ServiceAccount.
        case tokenRefused = "TokenRefused"
    }

    /// What an Event is told of once in ``interval``.
    package struct Key: Sendable, Hashable {
        package let podUID: String
        package let endpoint: String
        package let reason: Reason
    }

    /// Seconds between two Events of one key.
    package static let interval = 600.0
    /// As `kubectl get events` shows the source.
    package static let component = "sts-gateway"

    package let key: Key
    package let namespace: String
    package let podName: String
    /// The `request_id` of the audit's record.
    package let auditID: String
    package let time: Date

    /// - Returns: nil where the record is no refusal by policy, or where the review has not vouched for a Pod.
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

    /// The Pod's name with 16 hexadecimal digits, as client-go makes the names of Events. All replicas make the same one
    /// within an ``interval`` of the clock, so that the first of them tells it and the others find it there.
    package var name: String {
        let interval = Int((time.timeIntervalSince1970 / Self.interval).rounded(.down))
        let told = "\(key.podUID)\n\(key.endpoint)\n\(key.reason.rawValue)\n\(interval)"
        let digest = SHA256.hash(data: Data(told.utf8)).prefix(8)
        let digits = digest.map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0\(text)" : text
        }
        var beginning = podName.prefix(Self.longestName - 17)
        while let last = beginning.last, last == "-" || last == "." { beginning.removeLast() }
        return "\(beginning).\(digits.joined())"
    }

    /// Bytes; all of them are ASCII.
    private static let longestName = 253

    package var message: String { "refused by policy of endpoint \(key.endpoint); audit id \(auditID)" }

    /// As it is to be made in the Pod's namespace.
    ///
    /// - Parameter instance: the gateway's own Pod; nil where it is not known.
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
