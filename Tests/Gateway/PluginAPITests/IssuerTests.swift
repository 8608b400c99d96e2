import GatewayPluginAPI
import Testing

@Suite("An issuer")
struct IssuerTests {
    @Test("is a URL without port and final slash, and its documents are below it")
    func urls() throws {
        let issuer = try #require(Issuer(host: "Issuer.Example.COM", path: "/a/b"))
        #expect(issuer.host == "issuer.example.com")
        #expect(issuer.url == "https://issuer.example.com/a/b")
        #expect(issuer.description == issuer.url)
        #expect(issuer.discoveryURL == "https://issuer.example.com/a/b/.well-known/openid-configuration")
        #expect(issuer.keysURL == "https://issuer.example.com/a/b/certs")
    }

    @Test("has the key set at a second path where one is configured")
    func namedKeys() throws {
        let issuer = try #require(Issuer(host: "issuer.example.com", path: "/a", jwksPath: "/keys"))
        #expect(issuer.keysURL == "https://issuer.example.com/a/keys")
        #expect(issuer.documents.map(\.path) == ["/certs", "/keys", "/.well-known/openid-configuration"])
        #expect(issuer.documents.map(\.isKeySet) == [true, true, false])
        #expect(Issuer(host: "issuer.example.com", path: "/a")?.documents == [.keys, .discovery])
        for path in ["", "keys", "/", "/../keys"] {
            #expect(Issuer(host: "issuer.example.com", path: "/a", jwksPath: path) == nil)
        }
    }

    @Test("is compared with the case of its path")
    func pathCase() {
        #expect(Issuer(host: "example.com", path: "/A") != Issuer(host: "example.com", path: "/a"))
        #expect(Issuer(host: "EXAMPLE.com", path: "/a") == Issuer(host: "example.com", path: "/a"))
    }

    @Test(
        "accepts DNS names",
        arguments: [
            "localhost", "a.b", "xn--bcher-kva.example", "1.example", String(repeating: "a", count: 63) + ".example",
        ])
    func hosts(host: String) {
        #expect(Issuer(host: host, path: "") != nil)
    }

    @Test(
        "rejects a host that is not a DNS name",
        arguments: [
            "", ".", "a.", ".a", "a..b", "-a.example", "a-.example", "a_b.example", "example.com:8443", "example.com/a",
            "https://example.com", "user@example.com", "exa mple.com", "bücher.example", "example.com\n", "[::1]",
            String(repeating: "a", count: 64) + ".example", String(repeating: "a.", count: 127) + "a",
        ])
    func noHosts(host: String) {
        #expect(Issuer(host: host, path: "") == nil)
    }

    @Test("accepts paths of unreserved characters", arguments: ["", "/a", "/a/b-c._~D9", "/..."])
    func paths(path: String) {
        #expect(Issuer(host: "example.com", path: path) != nil)
    }

    @Test(
        "rejects other paths",
        arguments: [
            "a", "/", "/a/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a?b", "/a#b", "/%61", "/a b", "/ä", "/a\n",
            "/a:b",
            "/" + String(repeating: "a", count: 255),
        ])
    func noPaths(path: String) {
        #expect(Issuer(host: "example.com", path: path) == nil)
    }

    @Test(
        "has a private host of the names of endpoint and cluster",
        arguments: [
            ("one", "production", "one.production.sts.internal"), ("one", "Prod_EU.1", "one.prod-eu-1.sts.internal"),
            ("one", "_a_", "one.a.sts.internal"), ("one", "...", nil),
            ("one", String(repeating: "a", count: 63), "one." + String(repeating: "a", count: 63) + ".sts.internal"),
        ])
    func privateHost(endpoint: String, cluster: String, host: String?) {
        #expect(Issuer.privateHost(endpoint: endpoint, cluster: cluster) == host)
        #expect(host.map { Issuer(host: $0, path: "") != nil } ?? true)
    }
}
