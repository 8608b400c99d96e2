import FakeKubernetesAPI
import GatewayCore
import GatewayTestSupport
import KubernetesAPI
import KubernetesTestSupport
import Logging
import Testing

@testable import GatewayServer

@Suite("Admission: the API server's version", .hangs)
struct ServerVersionWatchTests {
    private func watching(
        _ time: TestScheduler, logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        prepare: @Sendable (FakeKubernetesAPI) -> Void = { _ in },
        _ body: @Sendable (ServerVersionWatch, FakeKubernetesAPI) async throws -> Void
    ) async throws {
        try await FakeCluster.run { cluster in
            prepare(cluster.api)
            let watch = ServerVersionWatch(client: cluster.client, scheduler: time.scheduler, logger: logger)
            #expect(watch.version == nil)
            try await FakeCluster.running({ await watch.run() }) { try await body(watch, cluster.api) }
        }
    }

    @Test("The version is read at start and every ten minutes, with vendor suffixes")
    func read() async throws {
        let time = TestScheduler()
        try await watching(time) { watch, api in
            await time.waitForSleeper { $0 == 600 }
            #expect(watch.version == KubernetesVersion(1, 33))
            api.fail(.reply(200, body: #"{"major":"1","minor":"34+","gitVersion":"v1.34.1-vendor"}"#), path: "/version")
            time.advance(by: 600)
            await time.waitForSleeper { $0 == 600 }
            #expect(watch.version == KubernetesVersion(1, 34))
        }
    }

    @Test("Where it is not readable it is read again, and the last version stays known")
    func failing() async throws {
        let time = TestScheduler(random: 1)
        let log = RecordedJSONLog()
        try await watching(time, logger: log.logger, prepare: { $0.fail(.status(500), path: "/version") }) {
            watch, api in
            await time.waitForSleeper { $0 == 0.5 }
            #expect(watch.version == nil)
            #expect(log.text.contains("/version is not a version (500)"))
            time.advance(by: 0.5)
            await time.waitForSleeper { $0 == 600 }
            #expect(watch.version == KubernetesVersion(1, 33))
            api.fail(.notJSON, path: "/version")
            api.fail(.status(503, retryAfter: 7), path: "/version")
            time.advance(by: 600)
            await time.waitForSleeper { $0 == 0.5 }
            #expect(watch.version == KubernetesVersion(1, 33))
            time.advance(by: 0.5)
            await time.waitForSleeper { $0 == 7 }
            time.advance(by: 7)
            await time.waitForSleeper { $0 == 600 }
            #expect(watch.version == KubernetesVersion(1, 33))
        }
    }
}
