import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JSON
import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite(.hangs) struct ManualPublicationTests {
    private let folder: TemporaryFolder
    private let time = TestScheduler()
    private let session: ManualSession
    private let endpoint: EndpointConfiguration

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        @Sendable func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    init() throws {
        folder = try TemporaryFolder()
        var configuration = try ExampleGateway.configuration(of: [
            ExampleGateway.endpoint("one", publish: ["shelf": "memory"])
        ])
        configuration.keyStore = .directory("keys")
        endpoint = configuration.endpoints[0].changed { $0.probe.isEnabled = false }
        configuration.endpoints[0] = endpoint
        session = try ManualSession(
            configuration,
            in: HostEnvironment(
                version: "test", environment: [:], namespace: nil, resolve: { [folder] in "\(folder.path)/\($0)" },
                clock: time.scheduler.now, writeAudit: { _ in true }),
            scheduler: time.scheduler, logger: RecordedJSONLog().logger)
    }

    private func run(
        _ publisher: FakePublisher, _ mode: ManualPublication.Mode = .publish, lines: Lines = Lines()
    ) async -> (result: ManualPublication.Result, lines: [String]) {
        let endpoint = endpoint.changed {
            $0.publisher?.plan = PublisherPlan(location: publisher.location) { _ in publisher }
        }
        let result = await ManualPublication(session).run(endpoint, mode: mode, output: lines.add)
        return (result, lines.all)
    }

    @Test func `publish creates the first key ring and writes both documents, once`() async throws {
        let publisher = FakePublisher(location: "shelf")
        let first = await run(publisher)
        #expect(first.result == .succeeded)
        #expect(first.lines.count == 2 && first.lines.allSatisfy { $0.hasPrefix("one: ") && $0.hasSuffix("written") })
        let ring = try #require(try await session.keyStore.rings.load("one")).value
        #expect(publisher[.keys]?.stamp?.owner == ring.owner)
        let second = await run(publisher)
        #expect(second.result == .succeeded && second.lines.allSatisfy { $0.hasSuffix("unchanged") })
    }

    @Test func `check creates no ring and writes nothing`() async throws {
        let publisher = FakePublisher()
        #expect(await run(publisher, .check).result == .differs)
        #expect(try await session.keyStore.rings.load("one") == nil)
        _ = await run(publisher)
        #expect(await run(publisher, .check).result == .succeeded)
        publisher[.keys]?.content = Array("{}".utf8)
        let calls = publisher.calls.count
        #expect(await run(publisher, .check).result == .differs)
        #expect(!publisher.calls.dropFirst(calls).contains(.put(.keys)))
        #expect(publisher[.keys]?.content == Array("{}".utf8))
    }

    @Test func `documents of another key ring are overwritten with take-over only`() async throws {
        let publisher = FakePublisher()
        _ = await run(publisher)
        let ours = try #require(publisher[.keys])
        publisher[.keys]?.stamp = DocumentStamp(
            owner: "another", revision: 7, digest: DocumentStamp.digest(of: ours.content))
        let refused = await run(publisher)
        #expect(refused.result == .failed && refused.lines.contains { $0.contains("--take-over") })
        #expect(publisher[.keys]?.stamp?.owner == "another")
        #expect(await run(publisher, .takeOver).result == .succeeded)
        #expect(publisher[.keys]?.stamp?.owner == ours.stamp?.owner)
    }

    @Test func `a failure of the publisher, or of the key store, ends the command`() async throws {
        let publisher = FakePublisher()
        publisher.fail(PublishError(.unavailable, "the bucket is away"))
        let failed = await run(publisher)
        #expect(failed.result == .failed && failed.lines.contains { $0.contains("the bucket is away") })
        try folder.write("garbage", to: "keys/one.keyring.json")
        let invalid = await run(publisher)
        #expect(invalid.result == .failed && invalid.lines.count == 1)
        #expect(try folder.read("keys/one.keyring.json") == "garbage")
    }

    @Test func `publish waits until the CDN has invalidated the documents`() async throws {
        let edge = FakeEdge()
        let publisher = FakePublisher(edge: edge)
        let lines = Lines()
        async let outcome = run(publisher, lines: lines)
        await time.waitForSleeper()
        #expect(edge.invalidations.count == 1 && lines.all.count == 3)
        edge.complete()
        time.advance(by: 60)
        let (result, all) = await outcome
        #expect(result == .succeeded && all.count == 4, "\(all)")
    }

    @Test func `publish ends when the fourth invalidation in a row fails`() async throws {
        let edge = FakeEdge()
        let away = PublishError(.unavailable, "the CDN is away")
        edge.fail(away, away, away, away)
        async let outcome = run(FakePublisher(edge: edge))
        for _ in 0..<3 {
            await time.waitForSleeper()
            time.advance(by: 600)
        }
        let (result, lines) = await outcome
        #expect(result == .failed && lines.count { $0.contains("the CDN is away") } == 4)
        #expect(edge.invalidations.isEmpty)
    }
}
