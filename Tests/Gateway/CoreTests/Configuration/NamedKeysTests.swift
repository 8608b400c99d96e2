import GatewayPluginAPI
import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

@Suite("The configured path of the key set")
struct NamedKeysTests {
    private static let host = "issuer.example.com"

    private func load(
        _ issuer: JSONValue, path: JSONValue = "/example", other: JSONValue? = nil
    ) -> (endpoint: EndpointConfiguration?, problems: [String]) {
        var endpoints = [ExampleDocument.endpoint(["path": path, "issuer": issuer])]
        if let other { endpoints.append(other) }
        let (configuration, problems) = ExampleDocument.load(ExampleDocument.document(endpoints: endpoints))
        return (configuration?.endpoints.first, problems)
    }

    private func other(path: String, issuer: JSONValue) -> JSONValue {
        ExampleDocument.endpoint([
            "name": "other", "plugin": "example", "path": .string(path), "issuer": issuer,
            "injector": ["label": "other"],
        ])
    }

    @Test(
        "is the one that jwks_uri names, beside /certs",
        arguments: ["/openid/v1/jwks", "/.well-known/jwks.json", "/keys", "/a~b_c", "/certsx", "/tokens"])
    func named(path: String) throws {
        let (endpoint, problems) = load(["host": .string(Self.host), "jwksPath": .string(path)])
        #expect(problems == [])
        let issuer = try #require(endpoint?.issuer)
        #expect(issuer.keysURL == "https://\(Self.host)\(path)")
        #expect(issuer.documents == [.keys, .namedKeys(path: path), .discovery])
    }

    @Test(
        "is a path",
        arguments: [
            "keys", "/", "/a/", "//a", "/a/../b", "/..", "/.", "/a?b", "/a#b", "/a%2fb", "https://a.example/b", "/ä",
            "/" + String(repeating: "a", count: 100),
        ])
    func notPath(path: String) {
        let (endpoint, problems) = load(["host": .string(Self.host), "jwksPath": .string(path)])
        #expect(endpoint == nil && problems.count == 1)
        #expect(problems.first?.hasPrefix("error: sts.endpoints[0].issuer.jwksPath: invalid value") ?? false)
        for allowed in ["at most 100 characters", "letters, digits, \".\", \"_\", \"~\" and \"-\""] {
            #expect(problems.first?.contains(allowed) ?? false, "\(problems)")
        }
    }

    @Test(
        "is not that of another route or document of the endpoint",
        arguments: [
            ("/token", "/token"), ("/token/user", "/token"), ("/sig-cert", "/sig-cert"),
            ("/issuer-docs", "/issuer-docs"),
            ("/certs/a", "/certs"), ("/.well-known", "/.well-known/openid-configuration"),
            ("/.well-known/openid-configuration", "/.well-known/openid-configuration"),
            ("/.well-known/openid-configuration/a", "/.well-known/openid-configuration"),
            ("/.sts-gateway/certs.json", "/.sts-gateway"),
        ])
    func own(path: String, conflict: String) {
        let (_, problems) = load(["host": .string(Self.host), "jwksPath": .string(path)])
        #expect(
            problems == [
                #"error: sts.endpoints[0].issuer.jwksPath: "\#(path)" conflicts with "\#(conflict)" of this endpoint; use a different path"#
            ])
    }

    @Test("is not the default")
    func standard() {
        let (_, problems) = load(["host": .string(Self.host), "jwksPath": "/certs"])
        #expect(
            problems == [#"error: sts.endpoints[0].issuer.jwksPath: "/certs" is the default; remove the key"#])
    }

    @Test("is not set beside jwksURI")
    func exclusive() {
        let (_, problems) = load([
            "host": .string(Self.host), "jwksPath": "/keys", "jwksURI": "https://sts.internal.example.com/keys",
        ])
        #expect(
            problems == [
                "error: sts.endpoints[0].issuer.jwksPath: not supported beside jwksURI, which has the path of the key set; remove one of them"
            ])
    }

    @Test(
        "does not conflict with a document or a route of another endpoint, in either order",
        arguments: [
            // At the issuer's host.
            ("/example", "", "/b/certs", "/other", Self.host, "/b"),
            ("/example", "", "/b", "/other", Self.host, "/b"),
            ("/example", "", "/b/certs/c", "/other", Self.host, "/b"),
            ("/example", "", "/b/.well-known/openid-configuration", "/other", Self.host, "/b"),
            // Below the path of the endpoint.
            ("/example", "", "/b/certs", "/example/b", "other.example.com", ""),
            ("/example", "", "/b/token", "/example/b", "other.example.com", ""),
            ("/example", "", "/b", "/example/b", "other.example.com", ""),
        ])
    func others(
        path: String, issuerPath: String, jwksPath: String, otherPath: String, host: String, otherIssuer: String
    ) {
        let issuer: JSONValue = [
            "host": .string(Self.host), "path": .string(issuerPath), "jwksPath": .string(jwksPath),
        ]
        let other = other(path: otherPath, issuer: ["host": .string(host), "path": .string(otherIssuer)])
        let (_, problems) = load(issuer, path: .string(path), other: other)
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.hasPrefix("error: sts.endpoints[0].issuer.jwksPath: ") ?? false, "\(problems)")
        #expect(problems.first?.contains(" of sts.endpoints[1]; use a different path") ?? false, "\(problems)")
    }

    @Test("may be that of another endpoint with another path and another issuer")
    func same() {
        let (_, problems) = load(
            ["host": .string(Self.host), "path": "/a", "jwksPath": "/keys"],
            other: other(path: "/other", issuer: ["host": .string(Self.host), "path": "/b", "jwksPath": "/keys"]))
        #expect(problems == [])
    }
}
