import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import GatewayTestSupport
import JSON
import Kubernetes
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite(.hangs) struct KubernetesObjectReaderTests {
    private static let path = "/api/v1/namespaces/shop/serviceaccounts/web"
    private static let web = KubernetesObjectReference.serviceAccount("web", in: "shop")
    private let clock = ManualClock(now: ExampleGateway.now)

    private func reading(
        inFlight: Int = 128, _ body: @Sendable (KubernetesObjectReader, FakeKubernetesAPI) async throws -> Void
    ) async throws {
        var limits = ObjectReadLimits()
        limits.inFlight = inFlight
        try await FakeCluster.run { [clock, limits] cluster in
            try cluster.api.addNamespace("shop", labels: ["team": "blue"])
            try cluster.api.addServiceAccount("web", namespace: "shop", labels: ["tier": "gold"])
            try cluster.api.addServiceAccount("other", namespace: "shop")
            try await body(
                KubernetesObjectReader(client: cluster.client, limits: limits, clock: { clock.now }), cluster.api)
        }
    }

    /// The tier that a caller reads, or why it reads none.
    private func tier(
        _ reader: KubernetesObjectReader,
        accepting accepted: @escaping @Sendable (WorkloadMetadata.Object) -> Bool = { _ in true }
    ) async -> String {
        do throws(KubernetesObjectReader.Failure) {
            let object = try await reader.object(Self.web, at: clock.now, accepting: accepted)
            return object.map { $0.labels["tier"] ?? "none" } ?? "missing"
        } catch {
            switch error {
            case .tooMany: return "too many"
            case .request(.cancelled): return "cancelled"
            case .request, .status, .otherObject: return "failed"
            }
        }
    }

    @Test func `namespaces and ServiceAccounts are read at their paths, and cached`() async throws {
        try await reading { reader, api in
            for _ in 0..<2 {
                #expect(await tier(reader) == "gold")
                let namespace = try await reader.object(.namespace("shop"), at: clock.now)
                #expect(namespace?.labels["team"] == "blue")
                #expect(try await reader.object(.namespace("away"), at: clock.now) == nil)
            }
            #expect(api.requestCount(Self.path) == 1 && api.requestCount("/api/v1/namespaces/shop") == 1)
            #expect(api.requestCount("/api/v1/namespaces/away") == 2)
        }
    }

    @Test func `a cached answer that is not accepted is read once more`() async throws {
        try await reading { reader, api in
            #expect(await tier(reader) == "gold")
            try api.patch(
                .serviceAccounts, namespace: "shop", name: "web", ["metadata": ["labels": ["tier": "silver"]]])
            #expect(await tier(reader) == "gold")
            #expect(await tier(reader, accepting: { $0.labels["tier"] == "silver" }) == "silver")
            #expect(await tier(reader, accepting: { _ in false }) == "silver")
            #expect(api.requestCount(Self.path) == 3)
        }
    }

    @Test func `callers share one read, whatever its answer`() async throws {
        try await reading(inFlight: 1) { reader, api in
            api.fail(.hang, path: Self.path)
            async let first = tier(reader)
            await api.waitForHangingRequests(1)
            async let second = tier(reader)
            async let third = tier(reader)
            try await reader.waitForWaiters(2, of: Self.web)
            // Only another object is too many.
            await #expect(throws: KubernetesObjectReader.Failure.self) {
                try await reader.object(.serviceAccount("other", in: "shop"), at: clock.now)
            }
            api.releaseHanging()
            #expect(await [first, second, third] == ["gold", "gold", "gold"])
            #expect(api.requestCount(Self.path) == 1)

            clock.advance(by: 11)
            api.fail(.hang, path: Self.path)
            async let fourth = tier(reader)
            await api.waitForHangingRequests(1)
            async let fifth = tier(reader)
            try await reader.waitForWaiters(1, of: Self.web)
            try api.delete(.serviceAccounts, namespace: "shop", name: "web")
            api.releaseHanging()
            #expect(await [fourth, fifth] == ["missing", "missing"])
        }
    }

    @Test func `a caller whose read is cancelled hands it over to the next one`() async throws {
        try await reading { reader, api in
            api.fail(.hang, next: 2, path: Self.path)
            let first = Task { await tier(reader) }
            await api.waitForHangingRequests(1)
            let second = Task { await tier(reader) }
            try await reader.waitForWaiters(1, of: Self.web)
            let third = Task { await tier(reader) }
            try await reader.waitForWaiters(2, of: Self.web)
            let cancelled = Task { await tier(reader) }
            try await reader.waitForWaiters(3, of: Self.web)
            cancelled.cancel()
            #expect(await cancelled.value == "cancelled")
            first.cancel()
            #expect(await first.value == "cancelled")
            // The second one reads now, and the third one still waits.
            try await reader.waitForWaiters(1, of: Self.web)
            // A request that has arrived does not hang yet, and would not be released.
            await api.waitForHangingRequests(2)
            api.releaseHanging()
            #expect(await second.value == "gold")
            #expect(await third.value == "gold")
            #expect(api.requestCount(Self.path) == 2)
        }
    }
}

extension KubernetesObjectReader {
    /// Returns once so many callers wait for the read of an object.
    fileprivate func waitForWaiters(_ count: Int, of reference: KubernetesObjectReference) async throws {
        try await until { waitingCallers(of: reference) == count }
    }
}
