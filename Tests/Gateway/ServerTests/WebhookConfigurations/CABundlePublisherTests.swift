import FakeKubernetesAPI
import GatewayCore
import GatewayTestSupport
import JSON
import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The ConfigMap with the CA bundle of node drivers", .hangs)
struct CABundlePublisherTests {
    private static let resource = APIResource.configMaps
    private static let place = NamespacedName("\(FakeCluster.namespace)/sts-gateway-ca")
    private let time = TestScheduler(random: 1)

    private final class Bundle: Sendable {
        private let value: Mutex<String?>
        private let signal = ChangeSignal()

        init(_ value: String?) { self.value = Mutex(value) }

        func read() -> String? { value.withLock { $0 } }
        func changes() -> AsyncStream<Void> { signal.changes() }

        func set(_ value: String) {
            self.value.withLock { $0 = value }
            signal.send()
        }
    }

    private func publishing(
        _ bundle: Bundle, place: NamespacedName? = place,
        _ body: @Sendable (FakeKubernetesAPI, CABundlePublisher, Leadership, RecordedJSONLog) async throws -> Void
    ) async throws {
        try await FakeCluster.run { cluster in
            let log = RecordedJSONLog()
            let leadership = Leadership(monotonic: time.scheduler.monotonic)
            let publisher = CABundlePublisher(
                client: cluster.client, place: place, bundle: { bundle.read() }, changes: { bundle.changes() },
                leadership: leadership, scheduler: time.scheduler, logger: log.logger)
            try await FakeCluster.running({ await publisher.run() }) {
                try await body(cluster.api, publisher, leadership, log)
            }
        }
    }

    private func text(_ api: FakeKubernetesAPI) -> String? {
        api.object(Self.resource, namespace: FakeCluster.namespace, name: "sts-gateway-ca")?["data"]?["ca-bundle.pem"]?
            .stringValue
    }

    private func until(_ api: FakeKubernetesAPI, _ expected: String) async {
        while !Task.isCancelled, text(api) != expected { await Task.yield() }
    }

    @Test("The leader creates it, writes each new bundle, and restores a changed one within a minute")
    func maintained() async throws {
        let bundle = Bundle("one")
        try await publishing(bundle) { api, _, leadership, _ in
            leadership.lead(until: .infinity)
            await until(api, "one")
            bundle.set("two")
            await until(api, "two")
            let changed: JSONValue = ["data": ["ca-bundle.pem": "other", "more": "stays"]]
            try api.patch(Self.resource, namespace: FakeCluster.namespace, name: "sts-gateway-ca", changed)
            await time.waitForSleeper { $0 == CABundlePublisher.interval }
            time.advance(by: CABundlePublisher.interval)
            await until(api, "two")
            let data = api.object(Self.resource, namespace: FakeCluster.namespace, name: "sts-gateway-ca")?["data"]
            #expect(data?["more"] == "stays")
        }
    }

    @Test("A public CA is an empty bundle, and no bundle is written before it is known, or by a follower")
    func waits() async throws {
        let bundle = Bundle(nil)
        try await publishing(bundle) { api, _, leadership, _ in
            bundle.set("early")
            #expect(text(api) == nil, "not the leader")
            bundle.set("")
            leadership.lead(until: .infinity)
            await until(api, "")
        }
    }

    @Test("A reloaded configuration names another ConfigMap")
    func reloaded() async throws {
        try await publishing(Bundle("one"), place: nil) { api, publisher, leadership, _ in
            leadership.lead(until: .infinity)
            publisher.apply(Self.place)
            await until(api, "one")
        }
    }
}
