import FoundationEssentials
import GatewayPluginAPI
import JSON
import KubernetesAPI
import Testing

@testable import GatewayCore

@Suite("An Event on a Pod that was denied")
struct PodEventTests {
    static func record(
        _ outcome: (WorkloadIdentity) -> AuditRecord.Outcome = { .refused(.deniedByPolicy($0)) },
        namespace: String = "shop", pod: WorkloadIdentity.ObjectReference? = .init(name: "web-0", uid: "77aa"),
        endpoint: String = "one", after seconds: Double = 0
    ) -> AuditRecord {
        let identity = WorkloadIdentity(
            cluster: "test", namespace: namespace, serviceAccount: .init(name: "web", uid: "0c8f"), pod: pod, node: nil,
            groups: [], credentialID: nil)
        return AuditRecord(
            outcome(identity),
            of: .init(id: "5be1a2c07d94f360", endpoint: endpoint, route: .token, remoteAddress: "192.0.2.1"),
            policy: AccessPolicy(rules: []), at: ExampleEndpoint.now.addingTimeInterval(seconds),
            latency: .milliseconds(2))
    }

    private func event(endpoint: String = "one", uid: String = "77aa", after seconds: Double = 0) throws -> PodEvent {
        try #require(PodEvent(of: Self.record(pod: .init(name: "web-0", uid: uid), endpoint: endpoint, after: seconds)))
    }

    @Test("It contains the Pod's uid, the endpoint and the audit ID, and no content of the request")
    func json() throws {
        let event = try event()
        #expect(
            event.json(reportedBy: "sts-gateway-6c4f") == [
                "apiVersion": "v1", "kind": "Event",
                "metadata": ["name": .string(event.name), "namespace": "shop"],
                "involvedObject": [
                    "apiVersion": "v1", "kind": "Pod", "name": "web-0", "namespace": "shop", "uid": "77aa",
                ],
                "reason": "TokenRefused",
                "message": "refused by policy of endpoint one; audit id 5be1a2c07d94f360 (STS1110)",
                "type": "Warning", "source": ["component": "sts-gateway"], "firstTimestamp": "2026-05-08T14:40:00Z",
                "lastTimestamp": "2026-05-08T14:40:00Z", "count": 1, "reportingComponent": "sts-gateway",
                "reportingInstance": "sts-gateway-6c4f",
            ])
        #expect(event.json(reportedBy: nil)["reportingInstance"] == nil)
        #expect(!event.json(reportedBy: nil).text.contains("192.0.2.1"))
    }

    @Test("Only a denial by policy of an authenticated Pod is reported")
    func others() {
        #expect(PodEvent(of: Self.record { .allowed($0, rule: 0) }) == nil)
        #expect(PodEvent(of: Self.record { .refused(.unissuable("too long", $0)) }) == nil)
        #expect(PodEvent(of: Self.record { _ in .refused(.invalidSubjectToken(.expired)) }) == nil)
        #expect(PodEvent(of: Self.record { _ in .refused(.reviewUnavailable(retryAfter: 1, reason: "away")) }) == nil)
        #expect(PodEvent(of: Self.record(pod: nil)) == nil)
        #expect(PodEvent(of: Self.record(pod: .init(name: "web-0", uid: nil))) == nil)
        #expect(PodEvent(of: Self.record(pod: .init(name: "web-0", uid: ""))) == nil)
        #expect(PodEvent(of: Self.record(pod: .init(name: "../secrets", uid: "77aa"))) == nil)
        #expect(PodEvent(of: Self.record(namespace: "a/b")) == nil)
    }

    @Test("All replicas use the same name within ten minutes, and another one for another Pod, endpoint or time")
    func name() throws {
        let name = try event().name
        #expect(name.hasPrefix("web-0.") && name.utf8.count == "web-0.".utf8.count + 16)
        #expect(try event(after: 599).name == name)
        let others = try [event(after: 600), event(after: -1), event(endpoint: "two"), event(uid: "77ab")].map(\.name)
        #expect(Set(others + [name]).count == 5)
    }

    @Test("A name is a valid Kubernetes name for every length of the Pod's name")
    func longNames() throws {
        for length in [1, 235, 236, 237, 253] {
            for tail in ["", "-", ".", "--"] where length > 240 || tail.isEmpty {
                // A truncation at 236 bytes would end with the hyphens or dots.
                let beginning = String(repeating: "a", count: min(length, 236 - tail.utf8.count)) + tail
                let pod = beginning + String(repeating: "b", count: max(0, length - beginning.utf8.count))
                #expect(KubernetesName.isSubdomain(pod))
                let name = try #require(PodEvent(of: Self.record(pod: .init(name: pod, uid: "77aa")))).name
                #expect(KubernetesName.isSubdomain(name), "\(name)")
                #expect(name.hasPrefix(String(pod.prefix(230))))
            }
        }
    }
}
