import FoundationEssentials
import GatewayCore
import HTTPTypes
import Hummingbird
import JOSE

/// The calls of one endpoint that a Pod makes with its ServiceAccount token.
struct TokenRoutes: Sendable {
    let exchange: TokenExchange
    let keys: CurrentSigningKeys
    let clock: @Sendable () -> Date

    func add(to table: inout RouteTable) {
        let path = exchange.configuration.path
        let endpoint = exchange.configuration.name
        table.add("\(path)/token", Route(name: "token", endpoint: endpoint, methods: [.post], respond: token))
        table.add("\(path)/token/user", Route(name: "token-user", endpoint: endpoint, methods: [.get, .post], respond: user))
        table.add(
            "\(path)/sig-cert", Route(name: "sig-cert", endpoint: endpoint, methods: [.get], respond: signingCertificate))
    }

    /// `POST <path>/token` (RFC 8693 §2).
    private func token(_ request: GatewayRequest) async throws -> Response {
        let body = try await request.readBody()
        return try await answering(request) { () throws(OAuthError) in
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
        try await answering(request) { () throws(OAuthError) in
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
        do {
            let asked = try TokenRequestReader.bearer(authorization: request.authorization, query: request.query)
            do {
                let (identity, _) = try await exchange.authorize(asked, at: clock())
                request.record.identify(identity)
            } catch {
                throw refused(error, wire: asked.wire, request)
            }
            guard let key = keys.snapshot.active else {
                throw OAuthError(.noSigningKey(retryAfter: 5), wire: asked.wire)
            }
            return .json(["thumbprint": .string(key.certificate.thumbprint)])
        } catch let error as OAuthError {
            request.record.answered(error)
            return .error(error)
        }
    }

    private func answering(
        _ request: GatewayRequest, read: () throws(OAuthError) -> TokenExchangeRequest,
        with body: (IssuedToken) -> JSONValue
    ) async throws -> Response {
        do {
            let asked = try read()
            var random = SystemRandomNumberGenerator()
            let tokenID = TokenID(randomBits: (random.next(), random.next()))
            do {
                let issued = try await exchange.exchange(asked, at: clock(), tokenID: tokenID)
                request.record.issued(issued)
                return .json(body(issued))
            } catch {
                throw refused(error, wire: asked.wire, request)
            }
        } catch let error as OAuthError {
            request.record.answered(error)
            return .error(error)
        }
    }

    private func refused(
        _ error: TokenExchangeError, wire: TokenExchangeRequest.Wire, _ request: GatewayRequest
    ) -> OAuthError {
        request.record.refused(error)
        return OAuthError(error, wire: wire)
    }
}
