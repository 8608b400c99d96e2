import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("Where a token is signed")
struct SignatureExecutionTests {
    private func exchange(
        _ algorithm: String, _ key: SigningKey, _ signatures: FakeSignatures
    ) async throws(TokenExchangeError) -> IssuedToken {
        let exchange: TokenExchange
        let request: TokenExchangeRequest
        do {
            let configuration = try ExampleEndpoint.configuration([
                .init("token", ["algorithm": .string(algorithm)])
            ])
            exchange = TokenExchange(
                configuration: configuration, reviewer: FakeTokenReviewer(.success(.authenticated(.serviceAccount()))),
                keys: try ExampleEndpoint.keys(configuration, key), signatures: signatures)
            request = TokenExchangeRequest(
                wire: .tokenExchange,
                subjectToken: try SubjectToken(parsing: TestCluster(key: TestKeys.ec).token(at: ExampleEndpoint.now)))
        } catch {
            throw .invalidTarget
        }
        return try await exchange.exchange(request, at: ExampleEndpoint.now, tokenID: TokenID(randomBits: (1, 2)))
    }

    @Test("A signature with RSA is made by the port, one with an elliptic curve in place")
    func places() async throws {
        let signatures = FakeSignatures()
        let rsa = try await exchange("RS256", TestKeys.rsa, signatures)
        #expect(signatures.count == 1)
        #expect(rsa.keyID == TestKeys.rsa.keyID)
        _ = try await exchange("ES256", TestKeys.ec, signatures)
        #expect(signatures.count == 1)
    }

    @Test("Where too many signatures wait, no token is issued with RSA, and the caller may try again soon")
    func overload() async throws {
        let signatures = FakeSignatures(isOverloaded: true)
        await #expect(throws: TokenExchangeError.signingOverloaded(retryAfter: 1)) {
            try await exchange("RS256", TestKeys.rsa, signatures)
        }
        _ = try await exchange("ES256", TestKeys.ec, signatures)
    }
}
