import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JSON
import KubernetesTestSupport
import Logging
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The leader's search for Pods without a sidecar", .hangs)
struct UninjectedPodsTests {
    private static let path = "/api/v1/pods"
    /// The interval in seconds; the wait after each search is 90 % of it, because the random number is 0.
    private static let interval = 300.0
    private static let label = "tremolo.io/example-role"

    private struct Part: Sendable {
        let time = TestScheduler()
        let log = RecordedJSONLog()
        let prometheus = PrometheusMetrics()
        let leadership: Leadership
        let pods: UninjectedPods
        let configuration: GatewayConfiguration

        init(_ cluster: FakeCluster, _ adjust: (inout UninjectedPods.Settings) -> Void = { _ in }) throws {
            var settings = UninjectedPods.Settings()
            adjust(&settings)
            configuration = try ExampleGateway.configuration()
            leadership = Leadership(monotonic: time.scheduler.monotonic)
            leadership.lead(until: 1e9)
            pods = UninjectedPods(
                client: cluster.client, namespace: FakeCluster.namespace, leadership: leadership,
                metrics: UninjectedPodMetrics(factory: prometheus), settings: settings, scheduler: time.scheduler,
                logger: log.logger)
            apply { _ in }
        }

        /// The first endpoint only, since both have the same label.
        func apply(endpoint: Int = 0, _ change: (inout GatewayConfiguration.Injection) -> Void) {
            var injection = configuration.injection
            change(&injection)
            pods.apply([configuration.endpoints[endpoint]], injection)
        }

        /// Without the name.
        var series: [String] {
            prometheus.text.split(separator: "\n").filter { $0.hasPrefix("sts_uninjected_pods{") }.map {
                String($0.dropFirst("sts_uninjected_pods".utf8.count))
            }
        }

        /// Returns when a search has ended.
        func rest() async { await time.waitForSleeper { $0 == 270 } }

        func next() async {
            time.advance(by: 270)
            await rest()
        }

        func waitForNoSeries() async throws { try await until { series.isEmpty } }

        func running(_ body: () async throws -> Void) async rethrows {
            try await FakeCluster.running({ [pods] in await pods.run() }, body)
        }
    }

    private func series(_ missing: Int, _ noValue: Int, endpoint: String = "one") -> [String] {
        [
            #"{endpoint="\#(endpoint)",reason="missing"} \#(missing)"#,
            #"{endpoint="\#(endpoint)",reason="no_value"} \#(noValue)"#,
        ]
    }

    private func addPod(
        _ name: String, _ cluster: FakeCluster, namespace: String = "default", value: String? = "reader",
        label: String = "true", phase: String = "Running", sidecar: String? = nil, owner: String? = nil,
        bundle: String? = nil
    ) throws {
        var metadata: [JSONValue.Member] = [
            .init("name", .string(name)), .init("labels", .object([.init(Self.label, .string(label))])),
        ]
        if let value { metadata.append(.init("annotations", .object([.init(Self.label, .string(value))]))) }
        if let owner {
            metadata.append(
                .init(
                    "ownerReferences", [["kind": "ReplicaSet", "name": .string(owner), "controller": true]]))
        }
        var spec: [JSONValue.Member] = [.init("containers", [["name": "app", "image": "app"]])]
        if let sidecar {
            var environment: [JSONValue] = [["name": "STS_ENDPOINTS", "value": .string(sidecar)]]
            if let bundle { environment.append(["name": "STS_CA_CERTIFICATES", "value": .string(bundle)]) }
            spec.append(.init("initContainers", [["name": "sts-sidecar", "env": .array(environment)]]))
        }
        try cluster.api.add(
            .pods, namespace: namespace,
            [
                "metadata": .object(metadata), "spec": .object(spec), "status": ["phase": .string(phase)],
            ])
    }

    @Test("The leader counts labelled Pods without the sidecar, in pages, and no others")
    func count() async throws {
        try await FakeCluster.run { cluster in
            for index in 0..<5 { try addPod("web-\(index)", cluster) }
            try addPod("empty", cluster, value: nil)
            try addPod("injected", cluster, sidecar: "one")
            try addPod("other", cluster, sidecar: "two=/deep/two")
            try addPod("off", cluster, label: "false")
            try addPod("done", cluster, phase: "Succeeded")
            try addPod("failed", cluster, phase: "Failed")
            try addPod("system", cluster, namespace: "kube-system")
            try addPod("own", cluster, namespace: FakeCluster.namespace)
            try cluster.api.addPod("unlabelled", namespace: "default")
            let part = try Part(cluster) { $0.pageSize = 3 }
            await part.running {
                await part.rest()
                #expect(part.series == series(6, 1))
            }
            let requests = cluster.api.requests.filter { $0.path == Self.path }
            #expect(requests.count == 4)
            #expect(requests.allSatisfy { $0.query.contains("limit=3") })
            #expect(requests.dropFirst().allSatisfy { $0.query.contains("continue=") })
        }
    }

    @Test("The Pods with a sidecar are found, and are unknown without the permission or with a disabled search")
    func injected() async throws {
        try await FakeCluster.run { cluster in
            for index in 0..<4 { try addPod("web-\(index)", cluster, sidecar: "one") }
            try addPod("other", cluster, namespace: "kube-system", sidecar: "two=/deep/two")
            try addPod("missing", cluster)
            let part = try Part(cluster) { $0.pageSize = 3 }
            #expect(
                await part.pods.injectedPods()
                    == ["default/web-0", "default/web-1", "default/web-2", "default/web-3", "kube-system/other"])
            cluster.api.deny("list", "pods")
            #expect(await part.pods.injectedPods() == nil)
            cluster.api.allow("list", "pods")
            part.apply { $0.uninjectedPods.isEnabled = false }
            #expect(await part.pods.injectedPods() == nil)
        }
    }

    @Test("Each owner is logged once with advice, and the metric follows its Pods")
    func logged() async throws {
        try await FakeCluster.run { cluster in
            for index in 0..<3 { try addPod("web-\(index)", cluster, owner: "web") }
            try addPod("empty", cluster, value: nil)
            let part = try Part(cluster)
            try await part.running {
                await part.rest()
                let lines = part.log.text.split(separator: "\n")
                #expect(lines.count == 2)
                let web = try #require(lines.first { $0.contains(#""owner":"ReplicaSet/web""#) })
                #expect(web.contains(#""namespace":"default""#) && web.contains(#""reason":"missing""#))
                #expect(web.contains("kubectl rollout restart"))
                #expect(web.contains("check that the MutatingWebhookConfiguration sts-gateway-injector-one exists"))
                #expect(lines.contains { $0.contains(#""owner":"Pod/empty""#) && $0.contains("add the annotation") })
                await part.next()
                #expect(part.log.text.split(separator: "\n").count == 2)
                try cluster.api.delete(.pods, namespace: "default", name: "web-0")
                try cluster.api.delete(.pods, namespace: "default", name: "empty")
                await part.next()
                #expect(part.series == series(2, 0))
                try addPod("empty", cluster, value: nil)
                await part.next()
                #expect(part.series == series(2, 1))
                #expect(part.log.text.split(separator: "\n").count == 3)
            }
        }
    }

    @Test("A replica that does not lead does not search and has no metric")
    func leadership() async throws {
        try await FakeCluster.run { cluster in
            try addPod("web-0", cluster)
            let part = try Part(cluster)
            part.leadership.stepDown()
            try await part.running {
                #expect(part.series.isEmpty)
                part.leadership.lead(until: 1e9)
                await part.rest()
                #expect(part.series == series(1, 0))
                part.leadership.stepDown()
                try await part.waitForNoSeries()
                part.leadership.lead(until: 1e9)
                await part.rest()
                #expect(part.series == series(1, 0))
                // One for each leadership.
                #expect(cluster.api.requestCount(Self.path) == 2)
            }
            #expect(part.series.isEmpty)
        }
    }

    @Test("A process that was suspended past its leadership has no metric until it leads again")
    func stopped() async throws {
        try await FakeCluster.run { cluster in
            try addPod("web-0", cluster)
            let part = try Part(cluster)
            part.leadership.lead(until: 10)
            cluster.api.fail(.hang, path: Self.path)
            await part.running {
                await cluster.api.waitForHangingRequests(1)
                part.time.pass(60)
                cluster.api.releaseHanging()
                await part.time.waitForSleeper { $0 == 5 }
                #expect(part.series.isEmpty)
                part.leadership.lead(until: 1e9)
                part.time.advance(by: 5)
                await part.rest()
                #expect(part.series == series(1, 0))
            }
        }
    }

    @Test("A missing permission is logged once with what to bind, and there is no metric until it is granted")
    func forbidden() async throws {
        try await FakeCluster.run { cluster in
            try addPod("web-0", cluster)
            let part = try Part(cluster)
            await part.running {
                await part.rest()
                #expect(part.series == series(1, 0))
                cluster.api.deny("list", "pods")
                part.time.advance(by: 270)
                await part.time.waitForSleeper { $0 == Self.interval }
                #expect(part.series.isEmpty)
                part.time.advance(by: Self.interval)
                await part.time.waitForSleeper { $0 == Self.interval }
                let warnings = part.log.text.split(separator: "\n").filter {
                    $0.contains("search for labelled Pods without tokens failed")
                }
                #expect(warnings.count == 1)
                #expect(
                    part.log.text.contains(
                        "not allowed to list pods in the cluster (403); bind the ServiceAccount to a ClusterRole "
                            + "with the verb list on pods, or set injection.uninjectedPods.enabled to false"))
                cluster.api.allow("list", "pods")
                part.time.advance(by: Self.interval)
                await part.rest()
                #expect(part.series == series(1, 0))
                #expect(part.log.text.contains("search for labelled Pods without tokens works again"))
            }
        }
    }

    @Test("After a failure the search is repeated soon, and the last counts stay")
    func fault() async throws {
        try await FakeCluster.run { cluster in
            try addPod("web-0", cluster)
            let part = try Part(cluster)
            try await part.running {
                await part.rest()
                try addPod("web-1", cluster)
                cluster.api.fail(.status(500), path: Self.path)
                part.time.advance(by: 270)
                await part.time.waitForSleeper { $0 == 5 }
                #expect(part.series == series(1, 0))
                part.time.advance(by: 5)
                await part.rest()
                #expect(part.series == series(2, 0))
            }
        }
    }

    @Test("A reloaded configuration is used immediately, and removed endpoints have no metric")
    func reload() async throws {
        try await FakeCluster.run { cluster in
            try addPod("web-0", cluster)
            let part = try Part(cluster)
            try await part.running {
                await part.rest()
                part.apply { _ in }
                part.apply(endpoint: 1) { $0.uninjectedPods.interval = 100 }
                await part.time.waitForSleeper { $0 == 90 }
                #expect(part.series == series(1, 0, endpoint: "two"))
                #expect(cluster.api.requestCount(Self.path) == 2)
                part.apply { $0.uninjectedPods.isEnabled = false }
                try await part.waitForNoSeries()
                part.apply { $0.prefix = "example.com" }
                await part.rest()
                #expect(part.series == series(0, 0))
                #expect(cluster.api.requestCount(Self.path) == 3)
            }
        }
    }

    // Pods whose sidecar got only older CAs.

    /// The serving certificate's CAs as a test sets them.
    private final class Authorities: Sendable {
        private let current: Mutex<RequiredAuthority?>
        private let signal = ChangeSignal()

        init(_ authority: RequiredAuthority? = nil) { current = Mutex(authority) }

        var source: PodsWithoutCA.Source {
            PodsWithoutCA.Source(
                authority: { [self] in current.withLock { $0 } }, changes: { [self] in signal.changes() })
        }

        func set(_ authority: RequiredAuthority?) {
            current.withLock { $0 = authority }
            signal.send()
        }
    }

    private static func pem(_ name: String) -> String {
        "-----BEGIN CERTIFICATE-----\n\(Data(name.utf8).base64EncodedString())\n-----END CERTIFICATE-----\n"
    }

    private static func authority(_ name: String, begin: Double? = nil) -> RequiredAuthority {
        RequiredAuthority(
            id: name, certificatePEM: pem(name), begin: begin.map { Date(timeIntervalSince1970: $0) })
    }

    private static let begin = 1_778_251_200.0
    private static let problem = "search for labelled Pods without tokens failed"

    private func lines(_ part: Part, _ message: String) -> [Substring] {
        part.log.text.split(separator: "\n").filter { $0.contains("\"\(message)\"") }
    }

    @Test("Before an announced CA issues, the Pods that lack it are named in the log, in readiness and by a metric")
    func withoutCA() async throws {
        try await FakeCluster.run { cluster in
            let (old, both) = (Self.pem("old"), Self.pem("old") + Self.pem("new"))
            try addPod("web-0", cluster, sidecar: "one", bundle: old)
            try addPod("web-1", cluster, sidecar: "one")
            try addPod("web-2", cluster, sidecar: "one", bundle: both)
            try addPod("done", cluster, phase: "Succeeded", sidecar: "one", bundle: old)
            try addPod("missing", cluster)
            let part = try Part(cluster)
            let authorities = Authorities(Self.authority("old"))
            part.pods.follow(authorities.source)
            try cluster.api.delete(.pods, namespace: "default", name: "web-1")
            try await part.running {
                await part.rest()
                #expect(part.prometheus.text.contains("sts_pods_without_ca 0"))
                #expect(part.pods.withoutCA.problem == nil && lines(part, "injected Pods lack the CA").isEmpty)
                // The announcement begins a search at once.
                try addPod("web-1", cluster, namespace: "kube-system", sidecar: "one")
                authorities.set(Self.authority("new", begin: Self.begin))
                try await until { !lines(part, "injected Pods lack the CA").isEmpty }
                #expect(
                    part.pods.withoutCA.problem
                        == "injected Pods lack the announced CA, which issues at 2026-05-08T14:40:00Z: default/web-0, "
                        + "kube-system/web-1; recreate them, since they do not start again after a restart of their node"
                )
                let line = try #require(lines(part, "injected Pods lack the CA").first)
                #expect(line.contains(#""pods":["default/web-0","kube-system/web-1"]"#) && line.contains(#""count":2"#))
                #expect(line.contains(#""ca":"new""#) && line.contains(#""issues":"2026-05-08T14:40:00Z""#))
                #expect(part.prometheus.text.contains("sts_pods_without_ca 2"))
                await part.rest()
                await part.next()
                #expect(lines(part, "injected Pods lack the CA").count == 1, "the same Pods are logged once")
                // Recreated Pods are not counted any more; those that remain are named again when the CA issues.
                try cluster.api.delete(.pods, namespace: "kube-system", name: "web-1")
                await part.next()
                #expect(part.prometheus.text.contains("sts_pods_without_ca 1"))
                authorities.set(Self.authority("new"))
                try await until { lines(part, "injected Pods lack the CA").count == 2 }
                #expect(lines(part, "injected Pods lack the CA").last?.contains(#""issues":"now""#) == true)
                #expect(part.pods.withoutCA.problem?.hasPrefix("injected Pods lack the CA: default/web-0;") == true)
                try cluster.api.delete(.pods, namespace: "default", name: "web-0")
                await part.rest()
                await part.next()
                #expect(part.pods.withoutCA.problem == nil)
                #expect(lines(part, "all injected Pods have the CA").count == 1)
                part.leadership.stepDown()
                try await until { !part.prometheus.text.contains("sts_pods_without_ca ") }
            }
        }
    }

    @Test("A Pod with two labels is counted once, and of many Pods the first hundred are named")
    func manyWithoutCA() async throws {
        try await FakeCluster.run { cluster in
            for index in 0..<103 { try addPod("web-\(index)", cluster, sidecar: "one", bundle: Self.pem("old")) }
            let part = try Part(cluster)
            part.pods.follow(Authorities(Self.authority("new", begin: Self.begin)).source)
            try await part.running {
                await part.rest()
                #expect(part.prometheus.text.contains("sts_pods_without_ca 103"))
                let line = try #require(lines(part, "injected Pods lack the CA").first)
                #expect(line.split(separator: "default/web-").count - 1 == 100)
                #expect(part.pods.withoutCA.problem?.contains(" and 98 more; ") == true)
            }
        }
    }

    @Test(
        "Without the permission, or with a disabled search, the Pods are unknown, which only matters for an announced CA"
    )
    func unknownWithoutCA() async throws {
        try await FakeCluster.run { cluster in
            try addPod("web-0", cluster, sidecar: "one", bundle: Self.pem("old"))
            cluster.api.deny("list", "pods")
            let part = try Part(cluster)
            let authorities = Authorities(Self.authority("old"))
            part.pods.follow(authorities.source)
            try await part.running {
                try await until { !lines(part, Self.problem).isEmpty }
                #expect(part.pods.withoutCA.problem == nil && lines(part, "injected Pods lack the CA").isEmpty)
                authorities.set(Self.authority("new", begin: Self.begin))
                try await until { !lines(part, "injected Pods lack the CA").isEmpty }
                #expect(
                    part.pods.withoutCA.problem
                        == "the injected Pods that lack the announced CA are unknown, since Pods cannot be listed; "
                        + "recreate all injected Pods before 2026-05-08T14:40:00Z, when it issues")
                #expect(lines(part, "injected Pods lack the CA").first?.contains(#""pods":"unknown""#) == true)
                #expect(!part.prometheus.text.contains("sts_pods_without_ca "))
                part.apply { $0.uninjectedPods.isEnabled = false }
                authorities.set(Self.authority("newer", begin: Self.begin))
                try await until { lines(part, "injected Pods lack the CA").count == 2 }
                cluster.api.allow("list", "pods")
                part.apply { _ in }
                try await until { part.prometheus.text.contains("sts_pods_without_ca 1") }
                #expect(part.pods.withoutCA.problem?.contains("default/web-0") == true)
            }
        }
    }
}
