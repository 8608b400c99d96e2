import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import JSON
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Admission: annotations of ServiceAccounts", .hangs)
struct ServiceAccountAnnotationsTests {
    private static let path = "/api/v1/namespaces/shop/serviceaccounts/web"
    private let keys: Set = ["tremolo.io/example-role"]
    private let clock = ManualClock(now: ExampleGateway.now)

    private func reading(
        limits: ObjectReadLimits = .admission,
        annotations: [String: String] = ["tremolo.io/example-role": "reader", "other": "secret"],
        time: TestScheduler = TestScheduler(),
        _ body: @Sendable (KubernetesObjectReader, FakeKubernetesAPI) async throws -> Void
    ) async throws {
        try await FakeCluster.run(time: time) { [clock] cluster in
            try cluster.api.addNamespace("shop")
            try cluster.api.addServiceAccount("web", namespace: "shop", annotations: annotations)
            try await body(
                KubernetesObjectReader(client: cluster.client, limits: limits, clock: { clock.now }), cluster.api)
        }
    }

    private func failure(_ reader: KubernetesObjectReader, _ name: String = "web") async -> String? {
        do throws(ServiceAccountReadFailure) {
            _ = try await reader.annotations(keys, of: name, in: "shop")
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("Only the requested annotations are returned, and read once in five seconds")
    func found() async throws {
        try await reading { reader, api in
            for _ in 0..<3 {
                #expect(
                    try await reader.annotations(keys, of: "web", in: "shop") == ["tremolo.io/example-role": "reader"])
            }
            #expect(api.requestCount(Self.path) == 1)
            clock.advance(by: 6)
            _ = try await reader.annotations(keys, of: "web", in: "shop")
            #expect(api.requestCount(Self.path) == 2)
        }
    }

    @Test("A ServiceAccount without the annotation is read each time, and a missing one is reported")
    func lacking() async throws {
        try await reading(annotations: [:]) { reader, api in
            #expect(try await reader.annotations(keys, of: "web", in: "shop") == [:])
            try api.patch(
                .serviceAccounts, namespace: "shop", name: "web",
                ["metadata": ["annotations": ["tremolo.io/example-role": "writer"]]])
            #expect(try await reader.annotations(keys, of: "web", in: "shop") == ["tremolo.io/example-role": "writer"])
            #expect(try await reader.annotations(keys, of: "missing", in: "shop") == nil)
        }
    }

    @Test("Without permission the failure names the missing one and its purpose")
    func forbidden() async throws {
        try await reading { reader, api in
            api.deny("get", "serviceaccounts")
            let reason = await failure(reader)
            #expect(reason?.contains("injection.serviceAccountAnnotations") == true)
            #expect(reason?.contains("with the verb get on serviceaccounts") == true)
            api.allow("get", "serviceaccounts")
            #expect(await failure(reader) == nil)
        }
    }

    @Test("A failure or an unexpected response is not cached")
    func failing() async throws {
        try await reading { reader, api in
            for fault in [
                Fault.status(500), .status(429, retryAfter: 1), .notJSON, .reply(404, body: "gone"),
                .reply(200, body: #"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"web","uid":"1"}}"#),
            ] {
                api.fail(fault, path: Self.path)
                #expect(await failure(reader) != nil)
            }
            #expect(await failure(reader) == nil)
        }
    }

    @Test("A read has a timeout")
    func slow() async throws {
        #expect(ObjectReadLimits.admission.timeout <= 2, "an API server gives its webhooks five seconds")
        let time = TestScheduler()
        try await reading(time: time) { reader, api in
            api.fail(.hang, path: Self.path)
            async let failure = failure(reader)
            await api.waitForHangingRequests(1)
            time.advance(by: ObjectReadLimits.admission.timeout)
            #expect(await failure == "the API server did not answer in time")
        }
    }

    @Test("Concurrent reads are limited")
    func bounded() async throws {
        var limits = ObjectReadLimits.admission
        limits.inFlight = 1
        try await reading(limits: limits) { reader, api in
            api.fail(.hang, path: Self.path)
            async let first = failure(reader)
            await api.waitForHangingRequests(1)
            #expect(await failure(reader, "other") == "too many reads of ServiceAccounts are in flight")
            api.releaseHanging()
            #expect(await first == nil)
            #expect(await failure(reader) == nil)
        }
    }
}
