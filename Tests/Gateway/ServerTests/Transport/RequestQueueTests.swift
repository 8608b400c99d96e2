import AsyncHTTPClient
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("HTTP: the limit of concurrent requests to a host", .hangs)
struct RequestQueueTests {
    private let time = TestScheduler()

    private func newQueue(_ concurrency: Int) -> RequestQueue {
        RequestQueue(concurrency: concurrency, sleep: time.scheduler.sleep)
    }

    /// A request that runs until it is ended.
    private final class HeldRequest: Sendable {
        private let stream: AsyncStream<Never>
        private let continuation: AsyncStream<Never>.Continuation

        init() { (stream, continuation) = AsyncStream.makeStream(of: Never.self) }

        func run() async { for await _ in stream {} }
        func end() { continuation.finish() }
    }

    @Test("Requests beyond the limit wait, and run in order of arrival")
    func order() async throws {
        let queue = newQueue(2)
        let started = Recorder<Int>()
        let held = (0..<6).map { _ in HeldRequest() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, request) in held.enumerated() {
                group.addTask {
                    try await queue.run(to: "a") {
                        started.add(number)
                        await request.run()
                    }
                }
                try await until { queue.load(of: "a") == (min(number + 1, 2), max(0, number - 1)) }
            }
            for number in 0..<6 {
                held[number].end()
                try await until { queue.load(of: "a") == (min(5 - number, 2), max(0, 3 - number)) }
            }
            try await group.waitForAll()
        }
        #expect(await started.upTo { $0 == 5 } == Array(0..<6))
        #expect(queue.hostCount == 0)
    }

    @Test("A host that does not answer delays requests to it only")
    func hosts() async throws {
        let queue = newQueue(1)
        let held = HeldRequest()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.run(to: "a") { await held.run() } }
            try await until { queue.load(of: "a").running == 1 }
            #expect(try await queue.run(to: "b") { "answer" } == "answer")
            held.end()
            try await group.waitForAll()
        }
        #expect(queue.hostCount == 0)
    }

    @Test("A request that is cancelled while it waits does not run, and the next one takes its turn")
    func cancelled() async throws {
        let queue = newQueue(1)
        let held = HeldRequest()
        let ran = Recorder<String>()
        let first = Task { try await queue.run(to: "a") { await held.run() } }
        try await until { queue.load(of: "a").running == 1 }
        let second = Task { try await queue.run(to: "a") { ran.add("second") } }
        try await until { queue.load(of: "a").waiting == 1 }
        let third = Task { try await queue.run(to: "a") { ran.add("third") } }
        try await until { queue.load(of: "a").waiting == 2 }
        second.cancel()
        try await until { queue.load(of: "a").waiting == 1 }
        await #expect(throws: HTTPTransportError.self) { try await second.value }
        held.end()
        try await first.value
        try await third.value
        #expect(await ran.upTo { $0 == "third" } == ["third"])
        #expect(queue.hostCount == 0)
    }

    @Test("A request that fails, or waits for too long, leaves its place")
    func failed() async throws {
        let queue = newQueue(1)
        await #expect(throws: HTTPTransportError.tooLong(1)) {
            try await queue.run(to: "a") { () throws(HTTPTransportError) in throw .tooLong(1) }
        }
        #expect(queue.hostCount == 0)
        let held = HeldRequest()
        let first = Task { try await queue.run(to: "a") { await held.run() } }
        try await until { queue.load(of: "a").running == 1 }
        let second = Task { try await queue.run(to: "a") {} }
        try await until { queue.load(of: "a").waiting == 1 }
        await time.waitForSleeper { $0 == RequestQueue.maximumWait }
        time.advance(by: RequestQueue.maximumWait)
        await #expect(throws: HTTPTransportError.timedOut) { try await second.value }
        #expect(queue.load(of: "a") == (1, 0))
        held.end()
        try await first.value
        #expect(queue.hostCount == 0)
    }

    @Test("A request of a publisher or a probe waits for its turn at its host, before its timeout begins")
    func transport() async throws {
        let queue = newQueue(1)
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let transport = HTTPClientTransport(client: client, trust: TrustConfigurations(), queue: queue)
        let held = HeldRequest()
        let first = Task { try await queue.run(to: "127.0.0.1:1") { await held.run() } }
        try await until { queue.load(of: "127.0.0.1:1").running == 1 }
        let second = Task {
            try await transport.send(HTTPTransportRequest(method: "HEAD", url: "https://127.0.0.1:1/x", timeout: 0))
        }
        try await until { queue.load(of: "127.0.0.1:1").waiting == 1 }
        held.end()
        try await first.value
        await #expect(throws: HTTPTransportError.self) { try await second.value }
        #expect(queue.hostCount == 0)
        try await client.shutdown()
    }

    @Test("Requests are counted by host and port")
    func authority() {
        let authorities = ["https://a.example:8443/b/c?d=/e", "https://a.example", "http://a.example?b", "a"]
            .map(HTTPClientTransport.authority)
        #expect(authorities == ["a.example:8443", "a.example", "a.example", "a"])
    }
}
