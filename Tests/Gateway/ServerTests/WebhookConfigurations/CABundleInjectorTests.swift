import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JSON
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("The caBundle of webhook configurations", .hangs)
struct CABundleInjectorTests {
    private static let resource = APIResource.mutatingWebhookConfigurations
    private static let one = "sts-gateway-injector-one"
    private let time = TestScheduler(random: 1)
    private let generator = ServingIdentityGenerator()
    private let policy = ServingPolicy(names: ServingReplica.names, timeToLive: 900)

    private struct Kept: Sendable {
        let api: FakeKubernetesAPI
        let configurations: ObservedWebhookConfigurations
        let injector: CABundleInjector
        let replica: DocumentReplica<ServingIdentity>
        let identity: ServingIdentity
        let leadership: Leadership
        let log: RecordedJSONLog

        /// Returns when the evidence matches.
        func until(_ condition: (ServingEvidence.Webhooks) -> Bool) async {
            while !Task.isCancelled {
                let changes = injector.trust.changes()
                if condition(injector.trust.webhooks) { return }
                for await _ in changes { break }
            }
        }

        /// Returns when the condition holds, which depends on the observed configurations.
        func untilObserved(_ condition: () -> Bool) async {
            while !Task.isCancelled {
                let changes = configurations.changes()
                if condition() { return }
                await Task.yield()
                if condition() { return }
                for await _ in changes { break }
            }
        }

        func untilTrusted(_ identity: ServingIdentity? = nil) async {
            await until { webhooks in
                guard case .trust(let since) = webhooks else { return false }
                return Set(since.keys) == Set((identity ?? self.identity).authorities.map(\.id))
            }
        }

        func bundles(_ name: String) -> [String?] {
            guard case .array(let webhooks) = api.object(resource, name: name)?["webhooks"] else { return [] }
            return webhooks.map { webhook in
                guard case .string(let text) = webhook["clientConfig"]?["caBundle"] else { return nil }
                return Data(base64Encoded: text).map { String(decoding: $0, as: UTF8.self) }
            }
        }

        func set(_ identity: ServingIdentity) {
            replica.apply(.document(Stored(identity, version: DocumentVersion(rawValue: "\(identity.revision)"))))
        }

        func add(_ name: String, services: [String] = ["sts-gateway-webhook"], annotations: JSONValue = [:]) throws {
            try api.add(
                resource,
                [
                    "metadata": ["name": .string(name), "annotations": annotations],
                    "webhooks": .array(
                        services.map { service in
                            [
                                "name": "injector.example.com", "failurePolicy": "Fail",
                                "clientConfig": [
                                    "service": [
                                        "name": .string(service), "namespace": .string(FakeCluster.namespace),
                                        "path": "/k8s/webhooks/v1/injector-one",
                                    ]
                                ],
                            ]
                        }),
                ])
        }

        /// Sets the bundle of its only webhook, as another writer.
        func put(_ bundle: String, _ name: String) throws {
            guard case .array(let webhooks) = api.object(resource, name: name)?["webhooks"],
                let webhook = webhooks.first,
                let service = webhook["clientConfig"]?["service"]
            else { return }
            let changed: JSONValue = [
                "name": "injector.example.com", "failurePolicy": "Ignore",
                "clientConfig": [
                    "service": service, "caBundle": .string(Data(bundle.utf8).base64EncodedString()),
                ],
            ]
            try api.patch(resource, name: name, ["webhooks": [changed]])
        }
    }

    private func keeping(
        _ names: Set<String> = [one], leads: Bool = true,
        prepare: @Sendable (Kept) throws -> Void = { _ in }, _ body: @Sendable (Kept) async throws -> Void
    ) async throws {
        try await FakeCluster.run { cluster in
            let log = RecordedJSONLog()
            let leadership = Leadership(monotonic: time.scheduler.monotonic)
            let replica = ServingCertificates(unavailable: "it is early")
                .replica(scheduler: time.scheduler, logger: log.logger)
            let configurations = ObservedWebhookConfigurations(
                client: cluster.client, service: "sts-gateway-webhook", namespace: FakeCluster.namespace,
                labels: ["tremolo.io/example-role"], leadership: leadership, scheduler: time.scheduler,
                logger: log.logger)
            let injector = CABundleInjector(
                configurations, names: names, replica: replica, leadership: leadership, logger: log.logger)
            let kept = Kept(
                api: cluster.api, configurations: configurations, injector: injector, replica: replica,
                identity: try generator.first(policy: policy, at: ExampleGateway.now), leadership: leadership, log: log)
            kept.set(kept.identity)
            try prepare(kept)
            if leads { leadership.lead(until: .infinity) }
            try await FakeCluster.running({
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await configurations.run() }
                    group.addTask { await injector.run() }
                }
            }) { try await body(kept) }
        }
    }

    @Test("The bundle is written where it is missing, only to webhooks that call the gateway's Service")
    func written() async throws {
        try await keeping { kept in
            try kept.add(Self.one, services: ["sts-gateway-webhook", "other", "sts-gateway-webhook"])
        } _: { kept in
            await kept.untilTrusted()
            let bundle = kept.identity.bundle
            #expect(kept.bundles(Self.one) == [bundle, nil, bundle])
            let id = try #require(kept.identity.issuing?.id)
            #expect(kept.injector.trust.webhooks == .trust([id: ExampleGateway.now]))
            let webhooks = try #require(kept.api.object(Self.resource, name: Self.one)?["webhooks"])
            guard case .array(let list) = webhooks else { return }
            #expect(list.allSatisfy { $0["failurePolicy"] == "Fail" })
        }
    }

    @Test("A bundle that another writer changes, empties or removes is restored, and their other changes stay")
    func drift() async throws {
        try await keeping { kept in
            try kept.add(Self.one)
        } _: { kept in
            await kept.untilTrusted()
            await kept.api.waitForWatches(1)
            for bundle in ["", "garbage", try SelfSignedCA(from: ExampleGateway.now).certificatePEM] {
                time.pass(10)
                try kept.put(bundle, Self.one)
                let id = try #require(kept.identity.issuing?.id)
                // The evidence starts again.
                let since = ExampleGateway.now.addingTimeInterval(time.time)
                await kept.until { $0 == .trust([id: since]) }
                #expect(kept.bundles(Self.one) == [kept.identity.bundle])
                let webhooks = kept.api.object(Self.resource, name: Self.one)?["webhooks"]
                guard case .array(let list) = webhooks else { return }
                #expect(list.first?["failurePolicy"] == "Ignore")
            }
        }
    }

    @Test("An announced CA is added to the bundle, and the evidence has the time since when all have it")
    func announced() async throws {
        let names = [Self.one, "sts-gateway-injector-two", "sts-gateway-injector-none"]
        try await keeping(Set(names)) { kept in
            try kept.add(names[0])
            try kept.add(names[1])
        } _: { kept in
            await kept.untilTrusted()
            time.pass(100)
            let next = try generator.next(.requested, policy: policy, at: ExampleGateway.now)
            let announced = kept.identity.announcing(next, answering: nil)
            kept.set(announced)
            await kept.untilTrusted(announced)
            #expect(kept.bundles(names[0]) == [announced.bundle] && kept.bundles(names[1]) == [announced.bundle])
            let id = try #require(kept.identity.issuing?.id)
            let since = ExampleGateway.now.addingTimeInterval(100)
            #expect(kept.injector.trust.webhooks == .trust([id: since, next.id: since]))
            // One that is created later gets it, too.
            kept.api.fail(.hang, path: Self.resource.path(name: names[2]))
            try kept.add(names[2])
            await kept.until { $0 == .trust([:]) }
            await kept.api.waitForHangingRequests(1)
            kept.api.releaseHanging()
            await kept.untilTrusted(announced)
            #expect(kept.bundles(names[2]) == [announced.bundle])
        }
    }

    @Test("Missing webhook configurations and those that the gateway does not maintain do not delay a rotation")
    func notOurs() async throws {
        let names = ["absent", "certified", "foreign"]
        try await keeping(Set(names)) { kept in
            try kept.add("certified", annotations: ["cert-manager.io/inject-ca-from": "sts-gateway/webhook"])
            try kept.add("foreign", services: ["other"])
        } _: { kept in
            await kept.until { $0 == .notManaged }
            #expect(kept.bundles("certified") == [nil] && kept.bundles("foreign") == [nil])
            let reason = "cert-manager maintains its caBundle because of cert-manager.io/inject-ca-from"
            #expect(kept.log.text.contains(reason))
            #expect(kept.log.text.contains("none of its webhooks calls the Service sts-gateway-webhook"))
            await kept.api.waitForWatches(1)
            try kept.add("absent")
            await kept.untilTrusted()
            try kept.api.delete(Self.resource, name: "absent")
            await kept.until { $0 == .notManaged }
            try kept.add("absent")
            await kept.untilTrusted()
            #expect(kept.bundles("absent") == [kept.identity.bundle])
        }
    }

    @Test("A missing permission is logged once with what to bind, and the write is repeated later")
    func forbidden() async throws {
        try await keeping { kept in
            try kept.add(Self.one)
            kept.api.deny("patch", "mutatingwebhookconfigurations")
        } _: { kept in
            let path = Self.resource.path(name: Self.one)
            await time.passing(upTo: 30) { await kept.api.waitForRequests(4, to: path) }
            #expect(kept.injector.trust.webhooks == .trust([:]) && kept.bundles(Self.one) == [nil])
            let recorded = kept.log.text.split(separator: "\n").filter {
                $0.contains("ClusterRole with the verb patch on mutatingwebhookconfigurations of")
            }
            #expect(recorded.count == 1)
            kept.api.allow("patch", "mutatingwebhookconfigurations")
            await time.passing(upTo: 30) { await kept.untilTrusted() }
        }
        try await keeping { kept in
            try kept.add(Self.one)
            kept.api.deny("list", "mutatingwebhookconfigurations")
        } _: { kept in
            await time.waitForSleeper { $0 == 0.5 }
            #expect(kept.injector.trust.webhooks == .unknown)
            #expect(kept.log.text.contains("ClusterRole with the verb list on mutatingwebhookconfigurations of"))
            kept.api.allow("list", "mutatingwebhookconfigurations")
            time.advance(by: 0.5)
            await kept.untilTrusted()
        }
    }

    @Test("A change between the read and the write is not lost")
    func concurrentChange() async throws {
        try await keeping { kept in
            try kept.add(Self.one)
            kept.api.fail(.hang, path: Self.resource.path(name: Self.one))
        } _: { kept in
            // Another writer changes the object while the patch is in flight.
            await kept.api.waitForHangingRequests(1)
            try kept.put("theirs", Self.one)
            kept.api.releaseHanging()
            await kept.untilTrusted()
            #expect(kept.bundles(Self.one) == [kept.identity.bundle])
            let webhooks = kept.api.object(Self.resource, name: Self.one)?["webhooks"]
            guard case .array(let list) = webhooks else { return }
            #expect(list.first?["failurePolicy"] == "Ignore")
            let path = Self.resource.path(name: Self.one)
            #expect(kept.api.requests.filter { $0.path == path }.map(\.method).prefix(3) == ["PATCH", "GET", "PATCH"])
        }
    }

    @Test(
        "Only the leader writes, to every configuration that calls the Service, whether its endpoint is loaded or not")
    func leadership() async throws {
        try await keeping(leads: false) { kept in
            try kept.add(Self.one)
            try kept.add("sts-gateway-injector-two")
        } _: { kept in
            await kept.api.waitForWatches(1)
            #expect(kept.injector.trust.webhooks == .unknown)
            #expect(kept.bundles(Self.one) == [nil])
            kept.leadership.lead(until: .infinity)
            await kept.untilTrusted()
            #expect(kept.bundles("sts-gateway-injector-two") == [kept.identity.bundle])
            // The chart adds an endpoint: its configuration exists before the gateway has reloaded.
            try kept.add("sts-gateway-injector-three")
            await kept.until { _ in kept.bundles("sts-gateway-injector-three") == [kept.identity.bundle] }
            kept.leadership.stepDown()
            await kept.until { $0 == .unknown }
        }
    }

    @Test("A configuration that the gateway may not write, and that is none of its own, does not delay a rotation")
    func foreign() async throws {
        try await keeping([]) { kept in
            try kept.add("copied")
            kept.api.deny("patch", "mutatingwebhookconfigurations")
        } _: { kept in
            await kept.until { $0 == .notManaged }
            await time.waitForSleeper { $0 == 0.5 }
            #expect(kept.log.text.contains("copied: not allowed to patch"))
            // The role was changed a moment later.
            kept.api.allow("patch", "mutatingwebhookconfigurations")
            time.advance(by: 0.5)
            await kept.untilTrusted()
            #expect(kept.bundles("copied") == [kept.identity.bundle])
        }
    }

    @Test("A webhook of another Service that selects the gateway's label is a conflict, which the leader logs")
    func conflict() async throws {
        @Sendable func add(_ name: String, _ selector: JSONValue, to kept: Kept) throws {
            try kept.api.add(
                Self.resource,
                [
                    "metadata": ["name": .string(name)],
                    "webhooks": [
                        [
                            "name": "injector.example.com", "objectSelector": selector,
                            "clientConfig": ["service": ["name": "sts-gateway-webhook", "namespace": "second"]],
                        ]
                    ],
                ])
        }
        try await keeping { kept in
            try kept.add(Self.one)
            try add("policy", ["matchLabels": ["app": "web"]], to: kept)
        } _: { kept in
            await kept.untilTrusted()
            #expect(kept.configurations.conflict == nil)
            let expression: JSONValue = ["key": "tremolo.io/example-role", "operator": "Exists"]
            try add("second", ["matchExpressions": [expression]], to: kept)
            let reason =
                "MutatingWebhookConfiguration second calls the Service sts-gateway-webhook in namespace second for Pods with "
                + "the label tremolo.io/example-role"
            await kept.untilObserved { kept.log.text.contains(reason) }
            #expect(kept.configurations.conflict?.hasPrefix(reason) == true)
            #expect(kept.log.text.contains(#""level":"critical""#))
            #expect(kept.bundles("second") == [nil], "it is not this gateway's")
            kept.configurations.apply(labels: ["corp/example-role"])
            #expect(kept.configurations.conflict == nil)
            kept.configurations.apply(labels: ["tremolo.io/example-role"])
            #expect(kept.configurations.conflict != nil)
            try kept.api.delete(Self.resource, name: "second")
            await kept.untilObserved { kept.configurations.conflict == nil }
        }
    }
}
