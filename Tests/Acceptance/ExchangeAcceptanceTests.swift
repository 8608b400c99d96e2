import Foundation
import GatewayTestSupport
import JOSE
import NIOHTTP1
import Testing

@Suite("The whole gateway: exchange", .wholeProcesses)
struct ExchangeAcceptanceTests {
    @Test("Tokens of every endpoint verify with its own key set only, for all pairs, on both wires")
    func allPairs() async throws {
        try await RunningGateway.run { gateway in
            let subject = try gateway.cluster.token(at: Date())
            struct Stock: Decodable {
                struct Token: Decodable {
                    let jwt: String
                }
                let token: Token
            }
            var tokens: [(String, SignedJWT)] = []
            for path in RunningGateway.endpoints {
                tokens.append((path, try SignedJWT(parsing: try await gateway.issued(path, subject))))
                let stock = try await gateway.stock("\(path)/token/user", subject)
                #expect(stock.status == 200)
                let jwt = try JSONDecoder().decode(Stock.self, from: Data(stock.body)).token.jwt
                tokens.append((path, try SignedJWT(parsing: jwt)))
            }
            var issuers: Set<String> = []
            for path in RunningGateway.endpoints {
                let keys = try JSONWebKeySet(parsing: try await gateway.send(.GET, "\(path)/certs").body)
                for (issuedAt, jwt) in tokens {
                    #expect(((try? jwt.verify(with: keys)) != nil) == (issuedAt == path), "\(issuedAt) at \(path)")
                    if issuedAt == path { issuers.insert(try #require(try jwt.claims().issuer)) }
                }
            }
            #expect(issuers.count == RunningGateway.endpoints.count)
        }
    }

    @Test("RSA signatures do not depend on a configuration file of OpenSSL")
    func openSSLConfiguration() async throws {
        let folder = try TemporaryFolder()
        // No implementation has this property, so that every algorithm is missing for whoever reads the file.
        let file = "\(folder.path)/openssl.cnf"
        try folder.write(
            """
            openssl_conf = start
            [start]
            alg_section = algorithms
            [algorithms]
            default_properties = fips=yes
            """, to: "openssl.cnf")
        let environment = ["OPENSSL_CONF": file]
        let affected = try await ChildProcess.run(
            "/usr/bin/openssl", ["dgst", "-sha256", file], environment: environment)
        #expect(affected.status != 0, "the file has an effect")
        try await RunningGateway.run(environment: environment) { gateway in
            let subject = try gateway.cluster.token(at: Date())
            for path in RunningGateway.endpoints {
                let jwt = try SignedJWT(parsing: try await gateway.issued(path, subject))
                let keys = try JSONWebKeySet(parsing: try await gateway.send(.GET, "\(path)/certs").body)
                #expect(throws: Never.self) { try jwt.verify(with: keys) }
            }
        }
    }

    @Test("HTTP/2 and HTTP/1.1 both work with curl; TLS below 1.2 does not")
    func protocols() async throws {
        try await RunningGateway.run { gateway in
            func curl(_ arguments: [String]) async throws -> ChildProcess.Ended {
                try await ChildProcess.run(
                    "/usr/bin/curl",
                    ["-sS", "--noproxy", "*", "--cacert", "\(gateway.folder.path)/keys/serving-ca.pem"] + arguments
                        + ["https://127.0.0.1:\(gateway.port)/generic/certs"])
            }
            for version in ["--http1.1", "--http2"] {
                let answer = try await curl([version, "-o", "/dev/null", "-w", "%{http_code} %{http_version}"])
                #expect(answer.output == (version == "--http2" ? "200 2" : "200 1.1"), "\(answer.errors)")
            }
            let old = try await curl(["--tls-max", "1.1"])
            #expect(old.status != 0)
        }
    }

    @Test("Invalid input has its documented response, and no output contains a part of a token")
    func badInput() async throws {
        try await RunningGateway.run(adding: "log: {level: debug}") { gateway in
            let now = Date()
            let cluster = gateway.cluster
            let good = try cluster.token(at: now)
            let parts = good.split(separator: ".").map(String.init)
            let bad: [(String, String)] = [
                ("truncated", String(good.dropLast(30))),
                ("alg none", Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + ".\(parts[1])."),
                ("foreign issuer", try cluster.token(at: now) { $0.issuer = "https://foreign.example.com" }),
                ("foreign key", try TestCluster(key: TestKeys.rsa).token(at: now)),
                ("expired", try cluster.token(at: now) { $0.lifetime = -100 }),
                ("not yet valid", try cluster.token(at: now) { $0.notBefore = now.addingTimeInterval(900) }),
                ("wrong audience", try cluster.token(at: now) { $0.audiences = ["elsewhere"] }),
                ("no ServiceAccount", try cluster.token(at: now) { $0.subject = "system:node:node-1" }),
                ("refused by policy", try cluster.token(at: now) { $0.namespace = "kube-system" }),
            ]
            var outputs: [String] = []
            for path in RunningGateway.endpoints {
                for (row, token) in bad {
                    let exchanged = try await gateway.exchange(path, token)
                    #expect(
                        exchanged.status == 400 && exchanged.text.contains("\"invalid_request\""), "\(row) at \(path)")
                    let stock = try await gateway.stock("\(path)/token/user", token)
                    #expect(stock.status == (row == "refused by policy" ? 403 : 401), "\(row) at \(path)")
                    #expect(stock.headers.first(name: "WWW-Authenticate")?.hasPrefix("Bearer") == true)
                    outputs += [exchanged.text, stock.text, "\(exchanged.headers)", "\(stock.headers)"]
                }
            }
            let form: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
            let other: [(Int, HTTPMethod, String, HTTPHeaders, String?)] = [
                (400, .POST, "/generic/token", form, "grant_type=a&grant_type=a&subject_token=\(good)"),
                (400, .POST, "/generic/token", form, "grant_type=password&subject_token=\(good)"),
                (400, .POST, "/generic/token?subject_token=\(good)", form, "grant_type=x"),
                (413, .POST, "/generic/token", form, "subject_token=" + String(repeating: good, count: 200)),
                (401, .GET, "/generic/token/user?access_token=\(good)", ["Authorization": "Bearer \(good)"], nil),
                (401, .GET, "/generic/token/user", [:], nil),
                (404, .GET, "/genericx/\(good)", [:], nil),
                (404, .GET, "/team/onex/certs", [:], nil),
                (400, .GET, "/generic/%2e%2e/\(good)", [:], nil),
                (405, .GET, "/generic/token", ["Authorization": "Bearer \(good)"], nil),
            ]
            for (status, method, path, headers, body) in other {
                let answer = try await gateway.send(method, path, headers: headers, body: body)
                #expect(answer.status == status, "\(method) \(path.prefix(40))")
                outputs += [answer.text, "\(answer.headers)"]
            }
            let issued = try await gateway.issued("/generic", good)
            let ended = try await gateway.stop()
            #expect(ended.status == 0)
            outputs += [ended.output, ended.errors]
            #expect(ended.errors.contains("\"decision\":\"denied\""))
            let all = outputs.joined(separator: "\n")
            for token in bad.map(\.1) + [good, issued] {
                // The payload and the signature; a header is the same for every token of a key.
                for part in token.split(separator: ".").dropFirst() where part.count > 8 {
                    #expect(!all.contains(part))
                    #expect(!all.contains(part.prefix(24)))
                }
            }
        }
    }

    @Test("The API server's audience is accepted on the OpenUnison-compatible wire only, where configured")
    func apiServerAudience() async throws {
        try await RunningGateway.run { gateway in
            let token = try gateway.cluster.token(at: Date()) { $0.audiences = [TestCluster.defaultIssuer] }
            #expect(try await gateway.stock("/generic/token/user", token).status == 200)
            #expect(try await gateway.stock("/generic/sig-cert", token).status == 200)
            #expect(try await gateway.exchange("/generic", token).status == 400)
            #expect(try await gateway.stock("/team/one/token/user", token).status == 401)
        }
    }

    @Test("The issuer's host name selects the documents, and the admin listener has readiness")
    func documents() async throws {
        try await RunningGateway.run { gateway in
            let byPath = try await gateway.send(.GET, "/generic/.well-known/openid-configuration")
            let byHost = try await gateway.send(
                .GET, "/issuer/.well-known/openid-configuration", host: "GENERIC.example.com:\(gateway.port)")
            #expect(byPath.status == 200 && byPath.body == byHost.body)
            #expect(byPath.text.contains(#""jwks_uri":"https://generic.example.com/issuer/certs""#))
            let tag = try #require(byPath.headers.first(name: "ETag"))
            let unchanged = try await gateway.send(
                .GET, "/generic/.well-known/openid-configuration", headers: ["If-None-Match": tag])
            #expect(unchanged.status == 304 && unchanged.body.isEmpty)
            let head = try await gateway.send(.HEAD, "/generic/.well-known/openid-configuration")
            #expect(head.headers.first(name: "Content-Length") == String(byPath.body.count) && head.body.isEmpty)
            let bundle = try await gateway.send(.GET, "/ca-bundle")
            #expect(bundle.text.hasPrefix("-----BEGIN CERTIFICATE-----"))
            #expect(try await gateway.send(.GET, "/livez", admin: true).text == "ok\n")
            let ready = try await gateway.send(.GET, "/readyz?verbose", admin: true)
            #expect(ready.status == 200 && ready.text.contains("[+]keyring/generic ok"))
            #expect(try await gateway.send(.GET, "/generic/certs", admin: true).status == 404)
            #expect(try await gateway.send(.GET, "/readyz").status == 404)
        }
    }
}
