import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("The token rules of a relying party")
struct TokenRulesTests {
    private func token(_ adding: [JSONValue.Member], lifetime: Int? = nil) async throws -> IssuedToken {
        let configuration = try ExampleEndpoint.configuration(adding, plugins: [FiledProvider.self])
        let exchange = TokenExchange(
            configuration: configuration,
            reviewer: FakeTokenReviewer(.success(.authenticated(.serviceAccount()))),
            keys: try ExampleEndpoint.keys(configuration), signatures: FakeSignatures())
        let subject = try SubjectToken(parsing: TestCluster(key: TestKeys.ec).token(at: ExampleEndpoint.now) { _ in })
        return try await exchange.exchange(
            TokenExchangeRequest(
                wire: .tokenExchange, subjectToken: subject, audience: nil, resource: nil, lifetime: lifetime),
            at: ExampleEndpoint.now, tokenID: TokenID(randomBits: (1, 2)))
    }

    private let plugin = JSONValue.Member("plugin", "filed")

    @Test("Tokens have the plugin's lifetime and typ, and no jti")
    func rules() async throws {
        let issued = try await token([plugin])
        let jwt = try SignedJWT(parsing: issued.compact)
        let claims = try JSONValue(parsing: jwt.payload)
        #expect(jwt.header.type == "at+jwt")
        #expect(claims["jti"] == nil && issued.tokenID == nil)
        #expect(issued.lifetime == 3_600)
    }

    @Test("A caller cannot request less than the minimum, and token.jti overrides the plugin")
    func overrides() async throws {
        let issued = try await token([plugin, .init("token", ["jti": true, "ttl": "2h"])], lifetime: 60)
        #expect(issued.lifetime == 1_800)
        #expect(issued.tokenID?.rawValue == (try SignedJWT(parsing: issued.compact).claims().tokenID))
    }

    @Test("A token without jti is audited without one")
    func audit() async throws {
        let issued = try await token([plugin])
        #expect(!"\(issued)".contains("Optional"))
    }
}
