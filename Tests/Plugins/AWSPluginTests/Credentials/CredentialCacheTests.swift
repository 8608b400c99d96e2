import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("The credentials in use")
struct CredentialCacheTests {
    private let clock = ManualClock(now: exampleTime)
    private static let failure = PublishError(.unavailable, "no answer in time")

    private func cache(_ sources: (CredentialSource, any CredentialProviding)...) -> CredentialCache {
        CredentialCache(
            sources: sources.map { (source: $0.0, provider: $0.1) }, now: { [clock] in clock.now },
            logger: PluginContext.silent.logger)
    }

    private func key(_ id: String, life: Double? = 3_600) -> AccessKey {
        AccessKey(id: id, secret: "s", expiration: life.map { clock.now.addingTimeInterval($0) })
    }

    @Test("come from the first source of the list that has any")
    func order() async throws {
        let first = GivenCredentials(.success(nil))
        let second = GivenCredentials(.success(key("two")))
        let third = GivenCredentials(.success(key("three")))
        let cache = cache((.environment, first), (.container, second), (.imds, third))
        #expect(try await cache.current().id == "two")
        #expect(await first.asked == 1)
        #expect(await third.asked == 0)
    }

    @Test("come from no later source where one that is set up fails")
    func failing() async {
        let second = GivenCredentials(.success(key("two")))
        let cache = cache((.container, GivenCredentials(.failure(Self.failure))), (.imds, second))
        await #expect(throws: Self.failure) { try await cache.current() }
        #expect(await second.asked == 0)
    }

    @Test("fail with the names of the sources that were tried")
    func none() async {
        let cache = cache((.environment, GivenCredentials(.success(nil))), (.imds, GivenCredentials(.success(nil))))
        let error = await #expect(throws: PublishError.self) { try await cache.current() }
        #expect(error?.kind == .denied)
        #expect(error?.message.contains("publish.credentials (environment, imds)") == true)
        #expect(error?.isWellFormed == true)
    }

    @Test("are renewed after half of their lifetime")
    func halfLife() async throws {
        let way = GivenCredentials(.success(key("one")), .success(key("two", life: 7_200)))
        let cache = cache((.container, way))
        #expect(try await cache.current().id == "one")
        clock.advance(by: 1_799)
        #expect(try await cache.current().id == "one")
        #expect(await way.asked == 1)
        clock.advance(by: 1)
        #expect(try await cache.current().id == "two")
        #expect(await way.asked == 2)
    }

    @Test("are never renewed where they do not expire")
    func endless() async throws {
        let way = GivenCredentials(.success(key("one", life: nil)))
        let cache = cache((.environment, way))
        _ = try await cache.current()
        clock.advance(by: 1e9)
        #expect(try await cache.current().id == "one")
        #expect(await way.asked == 1)
    }

    @Test("stay in use where their renewal fails, which is tried again each minute, until their last minute")
    func outlast() async throws {
        let way = GivenCredentials(.success(key("one")), .failure(Self.failure))
        let cache = cache((.container, way))
        _ = try await cache.current()
        clock.advance(by: 1_800)
        #expect(try await cache.current().id == "one")
        #expect(try await cache.current().id == "one")
        #expect(await way.asked == 2)
        clock.advance(by: 60)
        #expect(try await cache.current().id == "one")
        #expect(await way.asked == 3)
        clock.advance(by: 1_679)
        #expect(try await cache.current().id == "one")
        clock.advance(by: 31)
        await #expect(throws: Self.failure) { try await cache.current() }
    }

    @Test("are rejected where they are expired")
    func past() async {
        let cache = cache((.container, GivenCredentials(.success(key("one", life: -1)))))
        let error = await #expect(throws: PublishError.self) { try await cache.current() }
        #expect(error?.kind == .denied)
        #expect(error?.message.contains("expired at 2013-05-23T23:59:59Z") == true)
    }

    @Test("are rejected where they are not valid in headers, without their text")
    func unfit() async {
        let odd = AccessKey(id: "AKID", secret: "secret-of-mine\n")
        let cache = cache((.profile, GivenCredentials(.success(odd))))
        let error = await #expect(throws: PublishError.self) { try await cache.current() }
        #expect(error?.kind == .misconfigured)
        #expect(error?.message.contains("credentials of profile") == true)
        #expect(error?.message.contains("secret-of-mine") == false)
    }

    @Test("are discarded when a service rejects them, unless others are in use already")
    func discard() async throws {
        let way = GivenCredentials(.success(key("one")), .success(key("two")), .failure(Self.failure))
        let cache = cache((.container, way))
        let one = try await cache.current()
        await cache.discard(one)
        #expect(try await cache.current().id == "two")
        await cache.discard(one)
        #expect(try await cache.current().id == "two")
        await cache.discard(try await cache.current())
        await #expect(throws: Self.failure) { try await cache.current() }
    }
}
