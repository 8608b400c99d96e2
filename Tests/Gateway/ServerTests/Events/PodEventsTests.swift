import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import HTTPTypes
import JSON
import Kubernetes
import KubernetesAPI
import KubernetesTestSupport
import Logging
import Testing

@testable import GatewayServer

@Suite("Events on denied Pods", .hangs)
struct PodEventsTests {
    private static let path = APIResource.events.path(namespace: "default")

    /// The parts of one replica.
    private struct Part: Sendable {
        let time: TestScheduler
        let log = RecordedJSONLog()
        let counts = AwaitedCounts()
        let events: PodEvents

        init(
            _ cluster: FakeCluster, isImpatient: Bool = true, _ adjust: (inout PodEvents.Settings) -> Void = { _ in }
        ) {
            var settings = PodEvents.Settings()
            adjust(&settings)
            time = TestScheduler(isImpatient: isImpatient)
            events = PodEvents(
                client: cluster.client, instance: "sts-gateway-0", settings: settings,
                metrics: PodEventMetrics(factory: counts), scheduler: time.scheduler, logger: log.logger)
        }

        func deny(_ pod: String = "web-0", uid: String? = nil, namespace: String = "default") {
            let identity = WorkloadIdentity(
                cluster: "test", namespace: namespace, serviceAccount: .init(name: "web", uid: nil),
                pod: .init(name: pod, uid: uid ?? "uid-of-\(pod)"), node: nil, groups: [], credentialID: nil)
            events.record(
                AuditRecord(
                    .refused(.deniedByPolicy(identity)),
                    of: .init(id: "00ff00ff00ff00ff", endpoint: "one", route: .token, remoteAddress: nil),
                    policy: AccessPolicy(rules: []), at: time.scheduler.now(), latency: .milliseconds(1)))
        }

        /// Returns when the count of a result is reached.
        func wait(for count: Int, _ result: String = "written") async { await counts.wait(for: count, result) }

        func running(_ body: () async throws -> Void) async rethrows {
            try await FakeCluster.running({ [events] in await events.run() }, body)
        }
    }

    private func reportedEvents(_ cluster: FakeCluster, namespace: String = "default") async throws -> [JSONValue] {
        let events = KubernetesCollection(
            client: cluster.client, resource: .events, namespace: namespace, scheduler: TestScheduler().scheduler)
        let found = Recorder<JSONValue>()
        _ = try await events.list(selector: nil) { found.add($0.json) }
        found.add(.null)
        return await found.upTo { $0 == .null }.dropLast()
    }

    @Test("A Pod has one Event in ten minutes, however often it is denied")
    func interval() async throws {
        try await FakeCluster.run { cluster in
            try cluster.api.addWorkload()
            let pod = try #require(cluster.api.object(.pods, namespace: "default", name: "web-0"))
            let uid = try #require(KubernetesObject(pod)).meta.uid
            let part = Part(cluster)
            try await part.running {
                for _ in 0..<100 { part.deny(uid: uid) }
                await part.wait(for: 1)
                part.time.pass(599)
                part.deny(uid: uid)
                part.deny("web-1")
                await part.wait(for: 2)
                #expect(cluster.api.requestCount(Self.path) == 2)
                part.time.pass(1)
                part.deny(uid: uid)
                await part.wait(for: 3)
                let events = try await reportedEvents(cluster).filter { $0["involvedObject"]?["name"] == "web-0" }
                #expect(events.count == 2)
                #expect(events.allSatisfy { $0["involvedObject"]?["uid"] == .string(uid) })
                #expect(
                    events.allSatisfy {
                        $0["message"] == "refused by policy of endpoint one; audit id 00ff00ff00ff00ff (STS1110)"
                            && $0["reportingInstance"] == "sts-gateway-0"
                    })
                #expect(
                    ["2026-05-08T14:40:00Z", "2026-05-08T14:50:00Z"].allSatisfy { time in
                        events.contains { $0["lastTimestamp"] == .string(time) }
                    })
                #expect(part.log.text.isEmpty)
            }
        }
    }

    @Test("Of two replicas that deny a Pod at the same time, one creates the Event")
    func replicas() async throws {
        try await FakeCluster.run { cluster in
            let (one, two) = (Part(cluster), Part(cluster))
            await one.running {
                one.deny()
                await one.wait(for: 1)
            }
            await two.running {
                two.deny()
                two.deny("web-1")
                await two.wait(for: 1)
            }
            let events = try await reportedEvents(cluster)
            #expect(events.count == 2)
            #expect(cluster.api.requestCount(Self.path) == 4)
            #expect(two.counts["failed"] == 0)
            #expect(two.log.text.isEmpty)
        }
    }

    @Test("While the API server hangs no denial waits, and Events beyond the queue are dropped and counted")
    func queue() async throws {
        try await FakeCluster.run { cluster in
            let part = Part(cluster, isImpatient: false) { $0.queue = 2 }
            cluster.api.fail(.hang, path: Self.path)
            await part.running {
                part.deny("web-0")
                await cluster.api.waitForHangingRequests(1)
                for pod in 1...4 { part.deny("web-\(pod)") }
                #expect(part.counts["dropped"] == 2)
                cluster.api.releaseHanging()
                await part.wait(for: 3)
                // A dropped Event does not count as created.
                part.deny("web-4")
                await part.wait(for: 4)
            }
        }
    }

    @Test("A missing permission is logged once with what to bind, and the namespace is paused")
    func forbidden() async throws {
        try await FakeCluster.run { cluster in
            let part = Part(cluster)
            cluster.api.deny("create", "events")
            await part.running {
                part.deny("web-0")
                await part.wait(for: 1, "failed")
                for pod in 1...5 { part.deny("web-\(pod)") }
                part.deny("dns-0", namespace: "kube-system")
                await part.wait(for: 2, "failed")
                #expect(cluster.api.requestCount(Self.path) == 1)
                #expect(part.log.text.split(separator: "\n").count == 1)
                #expect(
                    part.log.text.contains(
                        "not allowed to create events (403); bind the gateway's ServiceAccount to a ClusterRole with "
                            + "the verb create on events, or set audit.events to false"))
                part.time.pass(600)
                cluster.api.allow("create", "events")
                part.deny("web-0")
                await part.wait(for: 1)
                #expect(part.log.text.contains("Pod Events work again"))
            }
        }
    }

    @Test("An Event for a missing or terminating namespace is dropped without a log")
    func goneNamespace() async throws {
        try await FakeCluster.run { cluster in
            let part = Part(cluster)
            cluster.api.fail(
                .reply(
                    403,
                    body: #"{"kind":"Status","apiVersion":"v1","reason":"Forbidden","code":403,"details":{"causes":"#
                        + #"[{"reason":"NamespaceTerminating","field":"metadata.namespace"}]}}"#),
                path: APIResource.events.path(namespace: "kube-system"))
            await part.running {
                part.deny("a-0", namespace: "gone")
                part.deny("b-0", namespace: "kube-system")
                part.deny("web-0")
                await part.wait(for: 1)
                #expect(cluster.api.requestCount(APIResource.events.path(namespace: "gone")) == 1)
                #expect(part.counts["failed"] == 0)
                #expect(part.log.text.isEmpty)
            }
        }
    }

    @Test("A failure is retried twice; then the next denial of the Pod creates the Event")
    func retries() async throws {
        try await FakeCluster.run { cluster in
            let part = Part(cluster)
            cluster.api.fail(.status(500), next: 2, path: Self.path)
            await part.running {
                part.deny()
                await part.wait(for: 1)
                #expect(cluster.api.requestCount(Self.path) == 3)
                cluster.api.fail(.status(503), next: 3, path: Self.path)
                part.deny("web-1")
                await part.wait(for: 1, "failed")
                #expect(part.log.text.contains("Pod Event failed"))
                part.deny("web-1")
                await part.wait(for: 2)
                #expect(part.log.text.contains("Pod Events work again"))
            }
        }
    }

    @Test("A denied token call creates an Event with the id of its response and audit record, and others create none")
    func tokenCall() async throws {
        try await FakeCluster.run { cluster in
            let part = Part(cluster)
            let gateway = try ExampleGateway()
            let responder = GatewayResponder(
                table: .tokens(gateway.endpoints, caBundle: { "" }, clock: { ExampleGateway.now }),
                maximumBodyBytes: 65_536,
                decisions: DecisionReporting(
                    metrics: gateway.metrics, audit: PodEventAuditSink(audit: gateway.audit, events: part.events),
                    clock: { ExampleGateway.now }),
                logger: gateway.log.logger)
            func ask(namespace: String) async throws -> ExampleGateway.Answer {
                let token = try gateway.cluster.token(at: ExampleGateway.now) { $0.namespace = namespace }
                return try await gateway.send(
                    .get, "/one/token/user", headers: [.authorization: "Bearer \(token)"], to: responder)
            }
            try await part.running {
                #expect(try await ask(namespace: "default").status == 200)
                let refused = try await ask(namespace: "kube-system")
                #expect(refused.status == 403)
                let id = try #require(refused.headers[.requestID])
                #expect(gateway.audit.records.map(\.request.id).last == id)
                await part.wait(for: 1)
                let events = try await reportedEvents(cluster, namespace: "kube-system")
                #expect(
                    events.map { $0["message"] } == [
                        .string("refused by policy of endpoint one; audit id \(id) (STS1110)")
                    ])
                #expect(try await reportedEvents(cluster).isEmpty)
            }
        }
    }
}
