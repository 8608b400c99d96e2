import FoundationEssentials
import GatewayCore
import HTTPTypes
import Hummingbird
import JOSE
import JSON
import NIOHTTP1

/// The requests that a Pod sends to one endpoint with its ServiceAccount token.
struct TokenRoutes: Sendable {
    let exchange: TokenExchange
    let keys: CurrentSigningKeys
    /// nil for no limits.
    let limiter: CallLimiter?
    let clock: @Sendable () -> Date

    /// A response and its outcome for the audit.
    private struct Answer {
        let response: Response
        let outcome: AuditRecord.Outcome
        var usesAPIServerAudience = false
    }

    func add(to table: inout RouteTable) {
        let path = exchange.configuration.path
        table.add("\(path)/token", route(.token, [.post], token))
        table.add("\(path)/token/user", route(.tokenUser, [.get, .post], user))
        table.add("\(path)/sig-cert", route(.signingCertificate, [.get], signingCertificate))
    }

    private func route(
        _ route: AuditRecord.CallRoute, _ methods: [HTTPRequest.Method],
        _ handle: @escaping @Sendable (GatewayRequest) async throws -> Answer
    ) -> Route {
        let (endpoint, policy) = (exchange.configuration.name, exchange.configuration.policy)
        return Route(.tokenCall(route), endpoint: endpoint, methods: methods) { request in
            let answer: Answer
            do {
                if let refusal = limiter?.refusal(of: request.remoteAddress) {
                    answer = Answer(response: .error(OAuthError(refusal)), outcome: .limited(refusal))
                } else {
                    answer = try await handle(request)
                }
            } catch let error as HTTPParserError {
                throw error
            } catch RequestError.overloaded {
                answer = Answer(response: RequestError.overloaded.response, outcome: .failed(reason: "overloaded"))
            } catch let error as RequestError {
                answer = Answer(response: error.response, outcome: .malformed(error.oauthError))
            } catch {
                // The type alone: the error may quote the request.
                answer = Answer(response: .serverError, outcome: .failed(reason: "\(type(of: error))"))
            }
            await limiter?.observe(answer.outcome, from: request.remoteAddress)
            return RouteOutcome(
                response: answer.response,
                decision: TokenCallDecision(
                    route: route, endpoint: endpoint, policy: policy, outcome: answer.outcome,
                    usesAPIServerAudience: answer.usesAPIServerAudience))
        }
    }

    /// `POST <path>/token` (RFC 8693 §2).
    private func token(_ request: GatewayRequest) async throws -> Answer {
        let body = try await request.readBody()
        return await answer(.tokenExchange) { () throws(TokenRequestError) in
            try TokenRequestReader.tokenExchange(
                form: body, contentType: request.head.headerFields[.contentType], authorization: request.authorization,
                query: request.query)
        } with: { tokenRequest throws(TokenExchangeError) in
            let issued = try await issue(tokenRequest)
            let body: JSONValue = [
                "access_token": .string(issued.compact),
                "issued_token_type": .string(TokenRequestReader.jwtType),
                "token_type": "N_A",
                "expires_in": .integer(issued.lifetime),
            ]
            return (body, .issued(issued))
        }
    }

    /// `GET` and `POST <path>/token/user`: an OpenUnison-compatible token request.
    private func user(_ request: GatewayRequest) async -> Answer {
        await answer(toBearer: request) { tokenRequest throws(TokenExchangeError) in
            let issued = try await issue(tokenRequest)
            let body: JSONValue = [
                "displayName": .string(issued.subject),
                "token": [
                    "jwt": .string(issued.compact),
                    "expires": .string(issued.expiration.formatted(.iso8601)),
                    "thumbprint": .string(issued.certificate.thumbprint),
                    "certificate": .string(issued.certificate.pem),
                ],
            ]
            return (body, .issued(issued))
        }
    }

    /// `GET <path>/sig-cert`: the thumbprint of the signing key's certificate, OpenUnison-compatible.
    private func signingCertificate(_ request: GatewayRequest) async -> Answer {
        await answer(toBearer: request) { tokenRequest throws(TokenExchangeError) in
            let (identity, rule) = try await exchange.authorize(tokenRequest, at: clock())
            guard let key = keys.confirmedSnapshot.active else { throw .noSigningKey(retryAfter: 5) }
            return (["thumbprint": .string(key.certificate.thumbprint)], .allowed(identity, rule: rule))
        }
    }

    private func issue(_ tokenRequest: TokenExchangeRequest) async throws(TokenExchangeError) -> IssuedToken {
        var random = SystemRandomNumberGenerator()
        let tokenID = TokenID(randomBits: (random.next(), random.next()))
        return try await exchange.exchange(tokenRequest, at: clock(), tokenID: tokenID)
    }

    private func answer(
        toBearer request: GatewayRequest,
        with body: (TokenExchangeRequest) async throws(TokenExchangeError) -> (JSONValue, AuditRecord.Outcome)
    ) async -> Answer {
        await answer(.bearer) { () throws(TokenRequestError) in
            try TokenRequestReader.bearer(authorization: request.authorization, query: request.query)
        } with: { tokenRequest throws(TokenExchangeError) in
            try await body(tokenRequest)
        }
    }

    /// Reads a request and responds with `body`, or with the error in the format of its wire.
    private func answer(
        _ wire: TokenExchangeRequest.Wire, read: () throws(TokenRequestError) -> TokenExchangeRequest,
        with body: (TokenExchangeRequest) async throws(TokenExchangeError) -> (JSONValue, AuditRecord.Outcome)
    ) async -> Answer {
        let tokenRequest: TokenExchangeRequest
        do throws(TokenRequestError) {
            tokenRequest = try read()
        } catch {
            switch error {
            case .malformed(let error): return Answer(response: .error(error), outcome: .malformed(error))
            case .malformedSubjectToken: return rejection(.invalidSubjectToken(.malformed), wire)
            }
        }
        let usesAPIServerAudience = tokenRequest.usesAPIServerAudience(exchange.configuration.subjectToken)
        do throws(TokenExchangeError) {
            let (json, outcome) = try await body(tokenRequest)
            var response = Response.json(json)
            if case .issued = outcome { response.headers[.pragma] = "no-cache" }
            return Answer(response: response, outcome: outcome, usesAPIServerAudience: usesAPIServerAudience)
        } catch {
            var rejection = rejection(error, wire)
            rejection.usesAPIServerAudience = usesAPIServerAudience
            return rejection
        }
    }

    private func rejection(_ error: TokenExchangeError, _ wire: TokenExchangeRequest.Wire) -> Answer {
        Answer(response: .error(OAuthError(error, wire: wire)), outcome: .refused(error))
    }
}
