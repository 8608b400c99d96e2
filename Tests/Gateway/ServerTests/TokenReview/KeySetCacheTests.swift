import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import KubernetesTestSupport
import NIOSSL
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The key set cache", .hangs)
struct KeySetCacheTests {
    /// A source that counts, with a response that a test sets.
    private final class Source: Sendable {
        let state = Mutex<(keys: JSONWebKeySet?, count: Int)>((nil, 0))

        var count: Int { state.withLock { $0.count } }

        func set(_ keys: JSONWebKeySet?) { state.withLock { $0.keys = keys } }

        func load() throws(TokenReviewFailure) -> JSONWebKeySet {
            let keys = state.withLock { state in
                state.count += 1
                return state.keys
            }
            guard let keys else { throw TokenReviewFailure(retryAfter: 5, reason: "away") }
            return keys
        }
    }

    private let source = Source()
    let now = ExampleGateway.now
    let rsa = JSONWebKeySet(keys: [TestKeys.rsa.publicKey])
    let both = JSONWebKeySet(keys: [TestKeys.rsa.publicKey, TestKeys.ec.publicKey])

    private func cache() -> KeySetCache {
        KeySetCache(maximumAge: 300, minimumInterval: 60) { [source] () throws(TokenReviewFailure) in try source.load()
        }
    }

    @Test("It loads once, and again for an unknown kid, at most once in the interval")
    func unknownKeyID() async throws {
        let cache = cache()
        source.set(rsa)
        for second in [0.0, 1, 59] {
            #expect(try await cache.keys(for: TestKeys.ec.keyID, at: now.addingTimeInterval(second)) == rsa)
        }
        #expect(source.count == 1)
        source.set(both)
        #expect(try await cache.keys(for: TestKeys.ec.keyID, at: now.addingTimeInterval(60)) == both)
        #expect(try await cache.keys(for: TestKeys.ec.keyID, at: now.addingTimeInterval(130)) == both)
        #expect(source.count == 2)
    }

    @Test("A clock that was set back causes a load, not an old key set for as long as the clock was ahead")
    func clockSetBack() async throws {
        let cache = cache()
        source.set(rsa)
        _ = try await cache.keys(for: TestKeys.rsa.keyID, at: now.addingTimeInterval(172_800))
        source.set(both)
        #expect(try await cache.keys(for: TestKeys.ec.keyID, at: now) == both)
        #expect(source.count == 2)
    }

    @Test("An old key set is loaded again, and stays in use where that fails")
    func age() async throws {
        let cache = cache()
        source.set(rsa)
        _ = try await cache.keys(for: TestKeys.rsa.keyID, at: now)
        source.set(nil)
        #expect(try await cache.keys(for: TestKeys.rsa.keyID, at: now.addingTimeInterval(300)) == rsa)
        #expect(source.count == 2)
    }

    @Test("Without a key set the lookup fails, and the next second tries again")
    func none() async throws {
        let cache = cache()
        await #expect(throws: TokenReviewFailure(retryAfter: 5, reason: "away")) {
            try await cache.keys(for: nil, at: now)
        }
        await #expect(throws: TokenReviewFailure.self) {
            try await cache.keys(for: nil, at: now.addingTimeInterval(0.5))
        }
        #expect(source.count == 1)
        source.set(rsa)
        #expect(try await cache.keys(for: nil, at: now.addingTimeInterval(1)) == rsa)
    }

    @Test("A file is read, and an invalid key set is reported with the path")
    func files() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/jwks.json"
        #expect(KeySetCache.failure(ofFile: path)?.reason == "the key set \(path) is not readable")
        try folder.write("{\"keys\": []}", to: "jwks.json")
        #expect(KeySetCache.failure(ofFile: path)?.reason == "\(path) is not a key set with a supported key")
        try folder.write(rsa.json.text, to: "jwks.json")
        #expect(try await KeySetCache(file: path).keys(for: TestKeys.rsa.keyID, at: now) == rsa)
    }

    @Test("Calls during the first load wait for it")
    func firstReading() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Never.self)
        let readings = Mutex(0)
        let cache = KeySetCache(maximumAge: 300, minimumInterval: 60) { () throws(TokenReviewFailure) in
            readings.withLock { $0 += 1 }
            for await _ in gate {}
            return JSONWebKeySet(keys: [TestKeys.ec.publicKey])
        }
        defer { opening.finish() }
        async let first = cache.keys(for: nil, at: ExampleGateway.now)
        async let second = cache.keys(for: nil, at: ExampleGateway.now)
        try await until { readings.withLock { $0 } == 1 }
        async let third = cache.keys(for: nil, at: ExampleGateway.now)
        try await until { await cache.waitingCalls == 2 }
        opening.finish()
        #expect(try await [first, second, third].map(\.keys.count) == [1, 1, 1])
        #expect(readings.withLock { $0 } == 1)
    }

    @Test("Calls with an unknown kid wait for the load in progress")
    func readingForAnUnknownKeyID() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Never.self)
        let readings = Mutex(0)
        let cache = KeySetCache(maximumAge: 300, minimumInterval: 60) { [rsa, both] () throws(TokenReviewFailure) in
            let count = readings.withLock { count in
                count += 1
                return count
            }
            guard count > 1 else { return rsa }
            for await _ in gate {}
            return both
        }
        defer { opening.finish() }
        let later = now.addingTimeInterval(60)
        #expect(try await cache.keys(for: TestKeys.rsa.keyID, at: now) == rsa)
        async let first = cache.keys(for: TestKeys.ec.keyID, at: later)
        try await until { readings.withLock { $0 } == 2 }
        async let second = cache.keys(for: TestKeys.ec.keyID, at: later)
        try await until { await cache.waitingCalls == 1 }
        #expect(try await cache.keys(for: TestKeys.rsa.keyID, at: later) == rsa)
        opening.finish()
        #expect(try await [first, second] == [both, both])
        #expect(readings.withLock { $0 } == 2)
    }

    @Test("The key set of a URL is read; another status and a response that is too long are failures")
    func url() async throws {
        try await LocalAPIServer.serving { [rsa] request in
            switch request.path {
            case "/keys": .init(body: String(decoding: rsa.json.utf8Text, as: UTF8.self))
            case "/absent": .init(status: 404)
            default: .init(body: String(repeating: " ", count: 1 << 20 + 1))
            }
        } _: { [rsa, now] server in
            var configuration = HTTPClient.Configuration()
            configuration.tlsConfiguration = try .trusting(pem: server.authorityPEM)
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            func keys(_ path: String) async -> Result<JSONWebKeySet, TokenReviewFailure> {
                let cache = KeySetCache(url: "https://localhost:\(server.port)\(path)", client: client)
                do throws(TokenReviewFailure) {
                    return .success(try await cache.keys(for: nil, at: now))
                } catch {
                    return .failure(error)
                }
            }
            #expect(await keys("/keys") == .success(rsa))
            for (path, reason) in [
                ("/absent", "status 404"), ("/long", "is not available: the answer is longer than 1048576 bytes"),
            ] {
                guard case .failure(let failure) = await keys(path) else {
                    Issue.record("\(path) is a key set")
                    continue
                }
                #expect(failure.reason.hasSuffix(reason), "\(failure.reason)")
            }
            try await client.shutdown()
        }
    }
}
