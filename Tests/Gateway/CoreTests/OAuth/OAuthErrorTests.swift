import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JSON
import Testing

@Suite("Errors of the token calls")
struct OAuthErrorTests {
    @Test("Each rejection has the status and code of its wire format, and the response has no reason")
    func table() throws {
        let identity = try WorkloadIdentity(.serviceAccount(namespace: "secretns"), cluster: "test")
        let rows: [(TokenExchangeError, TokenExchangeRequest.Wire, Int, OAuthError.Code, Int?, Bool)] = [
            (.invalidSubjectToken(.expired), .tokenExchange, 400, .invalidRequest, nil, false),
            (.invalidSubjectToken(.expired), .bearer, 401, .invalidToken, nil, true),
            (.deniedByPolicy(identity), .tokenExchange, 400, .invalidRequest, nil, false),
            (.deniedByPolicy(identity), .bearer, 403, .insufficientScope, nil, true),
            (.unissuable("secret why", identity), .tokenExchange, 400, .invalidRequest, nil, false),
            (.unissuable("secret why", identity), .bearer, 403, .insufficientScope, nil, true),
            (.invalidTarget, .tokenExchange, 400, .invalidTarget, nil, false),
            (.invalidTarget, .bearer, 400, .invalidTarget, nil, false),
            (
                .reviewUnavailable(retryAfter: 9, reason: "secret why"), .tokenExchange, 503, .temporarilyUnavailable,
                9,
                false
            ),
            (.reviewUnavailable(retryAfter: 9, reason: "secret why"), .bearer, 503, .temporarilyUnavailable, 9, false),
            (.noSigningKey(retryAfter: 5), .tokenExchange, 503, .temporarilyUnavailable, 5, false),
            (.noSigningKey(retryAfter: 5), .bearer, 503, .temporarilyUnavailable, 5, false),
            (.signingOverloaded(retryAfter: 1), .tokenExchange, 503, .temporarilyUnavailable, 1, false),
            (.signingOverloaded(retryAfter: 1), .bearer, 503, .temporarilyUnavailable, 1, false),
            (
                .tooManyCalls(CallRefusal(.serviceAccount, retryAfter: 7), identity), .tokenExchange, 429,
                .temporarilyUnavailable, 7, false
            ),
            (
                .tooManyCalls(CallRefusal(.total, retryAfter: 7), identity), .bearer, 429, .temporarilyUnavailable, 7,
                false
            ),
        ]
        for (error, wire, status, code, retryAfter, challenged) in rows {
            let answer = OAuthError(error, wire: wire)
            #expect(answer.status == status, "\(error)")
            #expect(answer.code == code, "\(error)")
            #expect(answer.retryAfter == retryAfter, "\(error)")
            #expect((answer.challenge != nil) == challenged, "\(error)")
            #expect(!answer.json.text.contains("secret"), "\(error)")
        }
    }

    @Test("The caller cannot distinguish one invalid token from another")
    func indistinguishable() {
        let answers = SubjectTokenRejection.allCases.map { OAuthError(.invalidSubjectToken($0), wire: .bearer) }
        #expect(answers.allSatisfy { $0 == answers[0] })
    }
}
