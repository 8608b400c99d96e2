import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import HTTPTypes
import JOSE
import JSON
import Testing

@testable import GatewayServer

@Suite("The token calls")
struct TokenRoutesTests {
    private struct Exchanged: Decodable {
        let access_token: String
        let issued_token_type: String
        let token_type: String
        let expires_in: Int
    }

    private struct Stock: Decodable {
        struct Token: Decodable {
            let jwt: String
            let expires: String
            let thumbprint: String
            let certificate: String
        }
        let displayName: String
        let token: Token
    }

    private struct Failure: Decodable {
        let error: String
        let error_description: String
    }

    let gateway: ExampleGateway
    let token: String

    init() throws {
        gateway = try ExampleGateway()
        token = try gateway.cluster.token(at: ExampleGateway.now)
    }

    private func bearer(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }

    @Test("POST token responds as in RFC 8693 §2.2.1, with no-store")
    func exchange() async throws {
        let answer = try await gateway.exchange("one", token: token, adding: "&expires_in=120")
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.headers[.pragma] == "no-cache")
        let body = try answer.json(Exchanged.self)
        #expect(body.issued_token_type == "urn:ietf:params:oauth:token-type:jwt")
        #expect(body.token_type == "N_A")
        #expect(body.expires_in == 120)
        try SignedJWT(parsing: body.access_token).verify(with: JSONWebKeySet(keys: [TestKeys.rsa.publicKey]))
    }

    @Test(
        "The OpenUnison-compatible wire responds with the token, its expiration in UTC and the key's certificate",
        arguments: ["GET", "POST"])
    func stock(method: String) async throws {
        let method = try #require(HTTPRequest.Method(rawValue: method))
        let answer = try await gateway.send(method, "/two/token/user", headers: bearer(token))
        #expect(answer.status == 200)
        #expect(answer.headers[.pragma] == "no-cache")
        let body = try answer.json(Stock.self)
        #expect(body.displayName == "test:default:web")
        #expect(body.token.expires == "2026-05-08T14:55:00Z")
        let certificate = try #require(KeyCertificate(pem: body.token.certificate))
        #expect(body.token.thumbprint == certificate.thumbprint)
        #expect(body.token.thumbprint.count == 64)
        #expect(body.token.thumbprint.allSatisfy { $0.isHexDigit && !$0.isLowercase })

        let thumbprint = try await gateway.send(.get, "/two/sig-cert", headers: bearer(token))
        #expect(try thumbprint.json([String: String].self) == ["thumbprint": body.token.thumbprint])
    }

    @Test("A token of one endpoint never verifies at another, for all pairs")
    func separation() async throws {
        var tokens: [String: SignedJWT] = [:]
        for endpoint in gateway.endpoints {
            let answer = try await gateway.exchange(endpoint.configuration.name, token: token)
            tokens[endpoint.configuration.name] = try SignedJWT(parsing: try answer.json(Exchanged.self).access_token)
        }
        for (issuedAt, jwt) in tokens {
            for endpoint in gateway.endpoints {
                let name = endpoint.configuration.name
                let certs = try await gateway.send(.get, "/\(name)/certs")
                let keys = try JSONWebKeySet(parsing: certs.body)
                let verifies = (try? jwt.verify(with: keys)) != nil
                #expect(verifies == (name == issuedAt), "\(issuedAt) at \(name)")
                let isIssuers = try jwt.claims().issuer == endpoint.configuration.issuer.url
                #expect(isIssuers == (name == issuedAt), "\(issuedAt) at \(name)")
            }
        }
    }

    @Test("Every invalid subject token has the error of its wire and does not appear in any output")
    func badTokens() async throws {
        let now = ExampleGateway.now
        let cluster = gateway.cluster
        let foreign = TestCluster(key: TestKeys.rsa)
        let parts = token.split(separator: ".").map(String.init)
        let rows: [(String, String)] = [
            ("truncated", String(token.dropLast(20))),
            ("two parts", parts[0] + "." + parts[1]),
            ("no signature", parts[0] + "." + parts[1] + "."),
            ("alg none", Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + "." + parts[1] + "." + parts[2]),
            ("HS256", Base64URL.encode(Array(#"{"alg":"HS256"}"#.utf8)) + "." + parts[1] + "." + parts[2]),
            ("not ASCII", "ÿþ.ýü.ûú"),
            ("foreign key", try foreign.token(at: now)),
            ("foreign issuer", try cluster.token(at: now) { $0.issuer = "https://foreign.example.com" }),
            ("expired", try cluster.token(at: now) { $0.lifetime = -10 }),
            ("not yet valid", try cluster.token(at: now) { $0.notBefore = now.addingTimeInterval(600) }),
            ("wrong audience", try cluster.token(at: now) { $0.audiences = ["elsewhere"] }),
            ("no ServiceAccount", try cluster.token(at: now) { $0.subject = "admin" }),
            ("no Pod", try cluster.token(at: now) { $0.pod = nil }),
            ("oversized", token + String(repeating: "A", count: 20_000)),
        ]
        for (row, bad) in rows {
            let exchanged = try await gateway.exchange("one", token: bad)
            #expect(exchanged.status == 400, "\(row)")
            #expect(try exchanged.json(Failure.self).error == "invalid_request", "\(row)")
            #expect(exchanged.headers[.cacheControl] == "no-store", "\(row)")

            let stock = try await gateway.send(.get, "/one/token/user", headers: bearer(bad))
            #expect(stock.status == 401, "\(row)")
            #expect(try stock.json(Failure.self).error == "invalid_token", "\(row)")
            #expect(stock.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true, "\(row)")
            for part in bad.split(separator: ".") where part.count > 3 {
                for output in [exchanged.text, stock.text, "\(exchanged.headers)\(stock.headers)", gateway.log.text] {
                    #expect(!output.contains(part), "\(row)")
                }
            }
        }
    }

    @Test("A ServiceAccount that the policy denies is 400 or 403, by the wire")
    func denied() async throws {
        let other = try gateway.cluster.token(at: ExampleGateway.now) { $0.namespace = "other" }
        let exchanged = try await gateway.exchange("one", token: other)
        #expect(exchanged.status == 400)
        #expect(try exchanged.json(Failure.self).error == "invalid_request")
        let stock = try await gateway.send(.get, "/one/token/user", headers: bearer(other))
        #expect(stock.status == 403)
        #expect(try stock.json(Failure.self).error == "insufficient_scope")
        let thumbprint = try await gateway.send(.get, "/one/sig-cert", headers: bearer(other))
        #expect(thumbprint.status == 403)
        #expect(gateway.log.text.contains(#""decision":"denied""#))
        #expect(gateway.audit.records.allSatisfy { $0.line.contains("\"other\"") })
    }

    @Test("An unavailable reviewer is 503 with Retry-After, without a token")
    func unavailable() async throws {
        let away = try ExampleGateway(
            reviewer: FakeTokenReviewer(.failure(TokenReviewFailure(retryAfter: 3, reason: "away"))))
        for answer in [
            try await away.exchange("one", token: token),
            try await away.send(.get, "/one/token/user", headers: bearer(token)),
            try await away.send(.get, "/one/sig-cert", headers: bearer(token)),
        ] {
            #expect(answer.status == 503)
            #expect(answer.headers[.retryAfter] == "3")
        }
    }

    @Test("A failed ring is 503 at its endpoint, and the others work")
    func failedRing() async throws {
        gateway.endpoints[0].keys.replace(with: SigningKeySnapshot(failure: .unavailable("gone")))
        #expect(try await gateway.exchange("one", token: token).status == 503)
        #expect(try await gateway.send(.get, "/one/certs").status == 503)
        #expect(try await gateway.exchange("two", token: token).status == 200)
    }

    @Test("A body over the limit is 413, by its declared and by its actual length")
    func bodyLimit() async throws {
        let small = try ExampleGateway(bodyLimit: 100)
        let declared = try await small.exchange("one", token: token)
        #expect(declared.status == 413)
        #expect(declared.headers[.cacheControl] == "no-store")
    }

    @Test("Each decision is one log line and one audit record, with the id of the response")
    func reporting() async throws {
        let answer = try await gateway.exchange("one", token: token)
        let name = try #require(HTTPField.Name("X-Request-Id"))
        let id = try #require(answer.headers[name])
        let lines = gateway.log.text.split(separator: "\n").filter { $0.contains(id) }
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        for needle in [
            #""decision":"issued""#, #""endpoint":"one""#, #""status":200"#, #""level":"info""#,
            #""remote":"192.0.2.1""#,
        ] {
            #expect(line.contains(needle), "\(needle)")
        }
        let record = try #require(gateway.audit.records.first)
        #expect(gateway.audit.records.count == 1)
        #expect(record.request.id == id)
        #expect(record.decision == .issued)
        #expect(record.rule?.index == 0)
        let audited = record.line
        for needle in ["default", "web", "web-0", "one"] { #expect(audited.contains("\"\(needle)\""), "\(needle)") }
        let body = try answer.json(Exchanged.self)
        for part in (token.split(separator: ".") + body.access_token.split(separator: ".")) {
            #expect(!gateway.log.text.contains(part) && !audited.contains(part))
        }
    }

    @Test("Every outcome is audited and counted once, and documents are not")
    func outcomes() async throws {
        let other = try gateway.cluster.token(at: ExampleGateway.now) { $0.namespace = "other" }
        _ = try await gateway.exchange("one", token: token)
        _ = try await gateway.send(.get, "/one/sig-cert", headers: bearer(token))
        _ = try await gateway.exchange("one", token: other)
        _ = try await gateway.exchange("one", token: String(token.dropLast(4)))
        _ = try await gateway.exchange("one", token: token, adding: "&audience=https://example.net")
        _ = try await gateway.exchange("one", token: token, adding: "&actor_token=x")
        _ = try await gateway.send(.get, "/one/token/user")
        _ = try await gateway.send(
            .post, "/one/token", headers: [.contentType: "application/x-www-form-urlencoded"],
            body: String(repeating: "a", count: 70_000))
        _ = try await gateway.send(.get, "/one/certs")
        _ = try await gateway.send(.get, "/one/token")
        gateway.endpoints[0].keys.replace(with: SigningKeySnapshot(failure: .unavailable("gone")))
        _ = try await gateway.send(.get, "/one/sig-cert", headers: bearer(token))
        #expect(
            gateway.audit.records.map(\.decision) == [
                .issued, .allowed, .denied, .invalidToken, .invalidTarget, .invalidRequest, .invalidRequest,
                .invalidRequest, .unavailable,
            ])
        let text = gateway.prometheus.text
        #expect(text.contains(#"sts_tokens_issued_total{endpoint="one",plugin="example",algorithm="RS256"} 1"#))
        #expect(text.contains(#"sts_authorization_total{endpoint="one",decision="denied"} 1"#))
    }
}
