import Foundation
import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Watching a directory of key rings", .hangs)
struct DirectoryDocumentWatchTests {
    private let folder: TemporaryFolder
    private let store: DirectoryDocumentStore<KeyRing>
    private let log = RecordedJSONLog()

    init() throws {
        folder = try TemporaryFolder()
        store = DirectoryDocumentStore(
            try PrivateDirectory(path: folder.path, logger: log.logger), scheduler: TestScheduler().scheduler,
            logger: log.logger)
    }

    /// The reports in short form.
    private final class Recorder: Sendable {
        private let words = Mutex<[String]>([])

        func take(_ news: DocumentNews<KeyRing>) {
            words.withLock { words in
                switch news {
                case .document(let stored): words.append("\(stored.value.endpoint) \(stored.value.revision)")
                case .unusable(let endpoint, _, _): words.append("\(endpoint) unusable")
                case .missing(let endpoint): words.append("\(endpoint) gone")
                case .confirmed(let names):
                    words.append("confirmed \((names ?? []).sorted().joined(separator: " "))")
                }
            }
        }

        var all: [String] { words.withLock { $0 } }
    }

    private func ring(_ endpoint: String, revision: Int = 1) throws -> KeyRing {
        let certificate = try KeyCertificate.selfSigned(
            for: TestKeys.ec, endpoint: endpoint, from: ExampleGateway.now, lifetime: 60)
        return KeyRing(
            endpoint: endpoint, owner: "owner", revision: revision,
            keys: [
                KeyRing.Key(
                    signingKey: TestKeys.ec, state: .active, created: ExampleGateway.now, certificate: certificate)
            ])
    }

    /// Runs the watch: one poll at the start, and one after each change.
    private func watch(_ changes: [@Sendable () async throws -> Void]) async throws -> [String] {
        let recorded = Recorder()
        let turns = LeftChanges(changes)
        let scheduler = Scheduler(
            now: { ExampleGateway.now }, monotonic: { 0 }, random: { 0 },
            sleep: { _ in
                guard let change = turns.next() else { return try await Task.sleep(for: .seconds(3_600)) }
                try await change()
            })
        let watch = DirectoryDocumentStore<KeyRing>(store.directory, scheduler: scheduler, logger: log.logger)
        let task = Task { await watch.watch { recorded.take($0) } }
        await turns.isDone()
        task.cancel()
        await task.value
        return recorded.all
    }

    private final class LeftChanges: Sendable {
        private let left: Mutex<[@Sendable () async throws -> Void]>
        private let (done, finish) = AsyncStream<Void>.makeStream()

        init(_ changes: [@Sendable () async throws -> Void]) { left = Mutex(changes) }

        func next() -> (@Sendable () async throws -> Void)? {
            let change = left.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if change == nil { finish.finish() }
            return change
        }

        func isDone() async { for await _ in done {} }
    }

    @Test("Every ring is reported first, then only changes, and each poll confirms the others")
    func changes() async throws {
        let (one, two) = (try ring("one"), try ring("two"))
        let version = try await store.save(one, replacing: nil)
        _ = try await store.save(two, replacing: nil)
        let later = try ring("one", revision: 2)
        let recorded = try await watch([
            {},
            { [store] in _ = try await store.save(later, replacing: version) },
        ])
        #expect(Set(recorded[..<2]) == ["one 1", "two 1"])
        #expect(recorded[2...] == ["confirmed one two", "confirmed one two", "one 2", "confirmed one two"])
    }

    @Test("A removed ring is missing, and one that returns is reported again")
    func goneAndBack() async throws {
        let one = try ring("one")
        _ = try await store.save(one, replacing: nil)
        let recorded = try await watch([
            { [folder] in try FileManager.default.removeItem(atPath: "\(folder.path)/one.keyring.json") },
            { [store] in _ = try await store.save(one, replacing: nil) },
        ])
        #expect(recorded == ["one 1", "confirmed one", "one gone", "confirmed ", "one 1", "confirmed one"])
    }

    @Test("Invalid content is reported once, and its fix")
    func garbage() async throws {
        try folder.write("garbage", to: "one.keyring.json")
        let document = String(decoding: try KeyRingDocument.encode(try ring("one")), as: UTF8.self)
        let recorded = try await watch([{}, { [folder] in try folder.write(document, to: "one.keyring.json") }])
        #expect(recorded == ["one unusable", "confirmed one", "confirmed one", "one 1", "confirmed one"])
    }

    @Test("A missing directory confirms nothing, and is logged once")
    func away() async throws {
        let moved = "\(folder.path)-moved"
        defer { try? FileManager.default.removeItem(atPath: moved) }
        let recorded = try await watch([
            { [folder] in try FileManager.default.moveItem(atPath: folder.path, toPath: moved) }, {},
            { [folder] in try FileManager.default.moveItem(atPath: moved, toPath: folder.path) },
        ])
        #expect(recorded == ["confirmed ", "confirmed "])
        #expect(log.text.split(separator: "key directory not readable").count == 2)
    }
}
