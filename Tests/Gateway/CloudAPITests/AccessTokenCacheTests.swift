import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Synchronization
import Testing

@testable import CloudAPI

@Suite("Access tokens")
struct AccessTokenCacheTests {
    /// Gives one token after the other.
    private final class Source: AccessTokenSource {
        let name: String
        let results: Mutex<[Result<AccessToken?, PublishError>]>

        init(_ name: String, _ results: Result<AccessToken?, PublishError>...) {
            self.name = name
            self.results = Mutex(results)
        }

        func token() async throws(PublishError) -> AccessToken? {
            try results.withLock { results in results.isEmpty ? .success(nil) : results.removeFirst() }.get()
        }
    }

    private let clock = ManualClock(now: Date(timeIntervalSince1970: 1_800_000_000))

    private func cache(_ sources: Source...) -> AccessTokenCache {
        AccessTokenCache(sources: sources, now: { [clock] in clock.now }, logger: PluginContext.silent.logger)
    }

    private func token(_ value: String, _ seconds: Double?) -> Result<AccessToken?, PublishError> {
        .success(AccessToken(value, expiration: seconds.map { clock.now.addingTimeInterval($0) }))
    }

    @Test("A token is renewed at half of its lifetime, and one of an unknown lifetime after a minute")
    func renewal() async throws {
        let cache = cache(Source("one", token("a", 600), token("b", nil), token("c", nil)))
        #expect(try await cache.current() == "a")
        clock.advance(by: 299)
        #expect(try await cache.current() == "a")
        clock.advance(by: 1)
        #expect(try await cache.current() == "b")
        clock.advance(by: 61)
        #expect(try await cache.current() == "c")
    }

    @Test("A rejected token is replaced at once; a younger one stays")
    func discarded() async throws {
        let cache = cache(Source("one", token("a", 600), token("b", 600)))
        #expect(try await cache.current() == "a")
        await cache.discard("another")
        #expect(try await cache.current() == "a")
        await cache.discard("a")
        #expect(try await cache.current() == "b")
    }

    @Test("A valid token stays in use where its renewal fails")
    func failure() async throws {
        let failure = Result<AccessToken?, PublishError>.failure(PublishError(.unavailable, "down"))
        let cache = cache(Source("one", token("a", 600), failure, failure))
        #expect(try await cache.current() == "a")
        clock.advance(by: 301)
        #expect(try await cache.current() == "a")
        clock.advance(by: 260)
        await #expect(throws: PublishError(.unavailable, "down")) { try await cache.current() }
    }

    @Test("The first source that is set up is used; none is an error that names them")
    func sources() async throws {
        #expect(try await cache(Source("one"), Source("two", token("a", 60))).current() == "a")
        let error = await #expect(throws: PublishError.self) { try await cache(Source("one"), Source("two")).current() }
        #expect(error?.kind == .denied && error?.message.contains("(one, two)") == true)
        await #expect(throws: PublishError.self) { try await cache(Source("one", token("a\r\nb", 60))).current() }
    }

    @Test("A token does not print itself")
    func redacted() {
        var dumped = ""
        dump(AccessToken("secret", expiration: nil), to: &dumped)
        #expect(!dumped.contains("secret") && !"\(AccessToken("secret", expiration: nil))".contains("secret"))
    }
}
