import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("The publisher's self-issued token")
struct PublisherTokenTests {
    private func claims(_ token: String) throws -> JSONValue {
        let part = try #require(token.split(separator: ".").dropFirst().first)
        return try JSONDecoder().decode(JSONValue.self, from: Data(try #require(Base64URL.decode(String(part)))))
    }

    @Test("has the publisher's subject, a lifetime of five minutes at most, and no claims of a template")
    func shape() throws {
        let configuration = try ExampleEndpoint.configuration([
            .init("token", ["ttl": "2h", "subject": "{namespace}/{saname}", "claims": ["team": "red"]])
        ])
        let token = try #require(
            PublisherToken.issue(
                configuration, keys: try ExampleEndpoint.keys(configuration).snapshot, at: ExampleEndpoint.now,
                tokenID: TokenID(randomBits: (1, 2))))
        let claims = try claims(token)
        #expect(claims["sub"] == "sts-gateway:publisher:test:one")
        #expect(claims["iss"] == "https://one.example.com")
        #expect(claims["aud"] == "https://example.com")
        #expect(claims["iat"] == 1_778_251_200)
        #expect(claims["exp"] == 1_778_251_500)
        #expect(claims["nbf"] == 1_778_251_140)
        #expect(claims["team"] == nil && claims["namespace"] == nil)
    }

    @Test("is signed with the successor while no key is active, by a ring that is confirmed, and by no other")
    func successor() throws {
        let configuration = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256"])])
        let next = try SigningKey.generate(.es256)
        let both = try ExampleEndpoint.ring(TestKeys.ec)
            .adding(
                next, certificate: try ExampleEndpoint.certificate(), at: ExampleEndpoint.now,
                policy: configuration.rotationPolicy)
        func kid(_ ring: KeyRing, confirmedUntil end: Double? = nil) throws -> KeyID? {
            let keys = CurrentSigningKeys(SigningKeySnapshot(ring: ring, of: configuration), monotonic: { 10 })
            keys.confirm(until: end)
            #expect(keys.confirmedSnapshot.active?.keyID == ring.active?.keyID || end != nil)
            return try PublisherToken.issue(
                configuration, keys: keys.confirmedSnapshot, at: ExampleEndpoint.now,
                tokenID: TokenID(randomBits: (1, 2))
            ).map { try SignedJWT(parsing: $0).header.keyID } ?? nil
        }
        #expect(try kid(both) == TestKeys.ec.keyID)
        let revoked = try #require(both.revoking(TestKeys.ec.keyID, at: ExampleEndpoint.now))
        #expect(try kid(revoked) == next.keyID)
        #expect(try kid(revoked, confirmedUntil: 10) == nil)
        #expect(try kid(both, confirmedUntil: 10) == nil)
    }

    @Test("A trial exchange has its own subject, is signed with the next key, and with no other")
    func trial() throws {
        let configuration = try ExampleEndpoint.configuration([
            .init("token", ["algorithm": "ES256", "ttl": "2h", "claims": ["team": "red"]])
        ])
        let next = try SigningKey.generate(.es256)
        let ring = try ExampleEndpoint.ring(TestKeys.ec)
            .adding(
                next, certificate: try ExampleEndpoint.certificate(), at: ExampleEndpoint.now,
                policy: configuration.rotationPolicy)
        let keys = SigningKeySnapshot(ring: ring, of: configuration)
        func token(_ keyID: KeyID, _ keys: SigningKeySnapshot) -> String? {
            PublisherToken.trial(
                configuration, keys: keys, keyID: keyID, at: ExampleEndpoint.now, tokenID: TokenID(randomBits: (1, 2)))
        }
        let made = try #require(token(next.keyID, keys))
        let claims = try claims(made)
        #expect(claims["sub"] == "sts-gateway:probe:test:one")
        #expect(claims["exp"] == 1_778_251_500 && claims["team"] == nil)
        try SignedJWT(parsing: made).verify(with: next.publicKey)
        #expect(token(TestKeys.ec.keyID, keys) == nil)
        let unconfirmed = CurrentSigningKeys(keys, monotonic: { 10 })
        unconfirmed.confirm(until: 10)
        #expect(unconfirmed.confirmedSnapshot.keys.isEmpty == false)
    }

    @Test("has at most the endpoint's token lifetime, and requires an active key")
    func bounds() throws {
        let configuration = try ExampleEndpoint.configuration([.init("token", ["ttl": "60s"])])
        let tokenID = TokenID(randomBits: (1, 2))
        let token = try #require(
            PublisherToken.issue(
                configuration, keys: try ExampleEndpoint.keys(configuration).snapshot, at: ExampleEndpoint.now,
                tokenID: tokenID))
        #expect(try claims(token)["exp"] == 1_778_251_260)
        #expect(
            PublisherToken.issue(
                configuration, keys: SigningKeySnapshot(failure: .unavailable("gone")), at: ExampleEndpoint.now,
                tokenID: tokenID) == nil)
    }
}
