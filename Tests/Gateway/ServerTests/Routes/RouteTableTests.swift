import GatewayTestSupport
import HTTPTypes
import Testing

@testable import GatewayServer

@Suite("Paths and methods")
struct RouteTableTests {
    let gateway: ExampleGateway

    init() throws { gateway = try ExampleGateway() }

    @Test(
        "Only the exact path matches",
        arguments: [
            "/", "", "*", "/onex/certs", "/one", "/one/", "/one/certs/", "/one//certs", "//one/certs", "/ONE/certs",
            "/one/certs.json", "/three/certs", "/certs", "/one/.well-known", "/one/issuer/certs", "/one/ce%72ts",
            "http://gateway.test/one/certs",
        ])
    func unknown(path: String) async throws {
        #expect(try await gateway.send(.get, path).status == 404)
    }

    @Test(
        "A path that a proxy may interpret differently is rejected",
        arguments: [
            "/one%2fcerts", "/one%2Fcerts", "/one/%2e%2e/two/certs", "/one/%2E%2E/two/certs", "/two/../one/certs",
            "/./one/certs", "/one%5ccerts", "/one\\certs", "/one/certs%00", "/one%252fcerts",
        ])
    func ambiguous(path: String) async throws {
        #expect(try await gateway.send(.get, path).status == 400)
    }

    @Test("A known path with another method is 405 with the supported methods")
    func methods() async throws {
        let rows: [(HTTPRequest.Method, String, String)] = [
            (.get, "/one/token", "POST"), (.head, "/one/token", "POST"), (.options, "/one/token", "POST"),
            (.put, "/one/token/user", "GET, POST"), (.post, "/one/sig-cert", "GET"), (.post, "/one/certs", "GET, HEAD"),
            (.delete, "/one/issuer-docs", "GET, HEAD"), (.post, "/one/.well-known/openid-configuration", "GET, HEAD"),
        ]
        for (method, path, allow) in rows {
            let answer = try await gateway.send(method, path)
            #expect(answer.status == 405, "\(method) \(path)")
            #expect(answer.headers[.allow] == allow, "\(method) \(path)")
        }
    }

    @Test("The issuer's host selects its two documents, case-insensitively and with any port, and nothing else")
    func hostForm() async throws {
        let byPath = try await gateway.send(.get, "/one/certs")
        for host in ["one.example.com", "ONE.example.com:8443"] {
            #expect(try await gateway.send(.get, "/issuer/certs", host: host).body == byPath.body)
            let discovery = try await gateway.send(.get, "/issuer/.well-known/openid-configuration", host: host)
            #expect(discovery.text.contains(#""issuer":"https://one.example.com/issuer""#))
        }
        let two = try await gateway.send(.get, "/issuer/certs", host: "two.example.com")
        #expect(two.status == 200)
        #expect(two.body != byPath.body)
        for (host, path) in [
            ("three.example.com", "/issuer/certs"), ("one.example.com", "/certs"), ("one.example.com", "/issuer/token"),
            ("one.example.com", "/issuer/issuer-docs"), ("[::1]:8443", "/issuer/certs"), ("", "/issuer/certs"),
        ] {
            #expect(try await gateway.send(.get, path, host: host).status == 404, "\(host) \(path)")
        }
        #expect(try await gateway.send(.get, "/two/certs", host: "one.example.com").body == two.body)
    }
}
