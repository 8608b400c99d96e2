import FoundationEssentials
import GatewayCore
import HTTPTypes
import Hummingbird
import JSON

/// The calls of one endpoint that a Pod makes with its ServiceAccount token.
struct TokenRoutes: Sendable {
    let exchange: TokenExchange
    let keys: CurrentSigningKeys
    let clock: @Sendable () -> Date

    func add(to table: inout RouteTable) {
        let path = exchange.configuration.path
        let endpoint = exchange.configuration.name
        table.add("\(path)/token", Route(name: "token", endpoint: endpoint, methods: [.post], respond: token))
        table.add(
            "\(path)/token/user", Route(name: "token-user", endpoint: endpoint, methods: [.get, .post], respond: user))
        table.add(
            "\(path)/sig-cert",
            Route(name: "sig-cert", endpoint: endpoint, methods: [.get], respond: signingCertificate))
    }

    /// `POST <path>/token` (RFC 8693 §2).
    private func token(_ request: GatewayRequest) async throws -> Response {
        let body = try await request.readBody()
        return await issuing(request) { () throws(OAuthError) in
            try TokenRequestReader.tokenExchange(
                form: body, contentType: request.head.headerFields[.contentType], authorization: request.authorization,
                query: request.query)
        } with: { issued in
            [
                "access_token": .string(issued.compact),
                "issued_token_type": .string(TokenRequestReader.jwtType),
                "token_type": "N_A",
                "expires_in": .integer(issued.lifetime),
            ]
        }
    }

    /// `GET` and `POST <path>/token/user`: the stock wire.
    private func user(_ request: GatewayRequest) async throws -> Response {
        await issuing(request) { () throws(OAuthError) in
            try TokenRequestReader.bearer(authorization: request.authorization, query: request.query)
        } with: { issued in
            [
                "displayName": .string(issued.subject),
                "token": [
                    "jwt": .string(issued.compact),
                    "expires": .string(issued.expiration.formatted(.iso8601)),
                    "thumbprint": .string(issued.certificate.thumbprint),
                    "certificate": .string(issued.certificate.pem),
                ],
            ]
        }
    }

    /// `GET <path>/sig-cert`: the stock wire's thumbprint of the signing certificate.
    private func signingCertificate(_ request: GatewayRequest) async throws -> Response {
        await answering(request) { () throws(OAuthError) in
            try TokenRequestReader.bearer(authorization: request.authorization, query: request.query)
        } with: { asked throws(TokenExchangeError) in
            let (identity, rule) = try await exchange.authorize(asked, at: clock())
            guard let key = keys.snapshot(at: clock()).active else { throw .noSigningKey(retryAfter: 5) }
            request.record.conclude(.allowed(identity, rule: rule))
            return ["thumbprint": .string(key.certificate.thumbprint)]
        }
    }

    /// Issues a token and writes it in the wire's form.
    private func issuing(
        _ request: GatewayRequest, read: () throws(OAuthError) -> TokenCall,
        with body: (IssuedToken) -> JSONValue
    ) async -> Response {
        await answering(request, read: read) { asked throws(TokenExchangeError) in
            var random = SystemRandomNumberGenerator()
            let tokenID = TokenID(randomBits: (random.next(), random.next()))
            let issued = try await exchange.exchange(asked, at: clock(), tokenID: tokenID)
            request.record.conclude(.issued(issued))
            return body(issued)
        }
    }

    /// Reads a call, does it, and answers with what came of it or with the error of the call's wire.
    private func answering(
        _ request: GatewayRequest, read: () throws(OAuthError) -> TokenCall,
        with answer: (TokenExchangeRequest) async throws(TokenExchangeError) -> JSONValue
    ) async -> Response {
        let call: TokenCall
        do throws(OAuthError) {
            call = try read()
        } catch {
            request.record.conclude(.malformed(error))
            return .error(error)
        }
        do throws(TokenExchangeError) {
            let asked = try call.request()
            if asked.usesAPIServerAudience(exchange.configuration.subjectToken) {
                request.record.noteAPIServerAudience()
            }
            return .json(try await answer(asked))
        } catch {
            request.record.conclude(.refused(error))
            return .error(OAuthError(error, wire: call.wire))
        }
    }
}
