import Kubernetes
import Testing

@Suite("Reaching the API server from a Pod")
struct ClusterAccessTests {
    private func access(_ environment: [String: String]) throws(KubernetesConnectionError) -> ClusterAccess {
        try .inCluster(environment: environment, folder: "/sa")
    }

    @Test(
        "The address comes from the environment, IPv6 in brackets",
        arguments: [
            ("10.0.0.1", "443", "10.0.0.1:443"), ("fd00::1", "6443", "[fd00::1]:6443"),
            ("api.example.com", "", "api.example.com:443"),
        ])
    func address(host: String, port: String, authority: String) throws {
        let access = try access(["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port])
        #expect(access.server.authority == authority)
        #expect(access.authority == .file("/sa/ca.crt"))
        #expect(access.token == .file("/sa/token"))
        #expect(access.clientCertificate == nil)
    }

    @Test("Outside a Pod, or with an invalid address, the error says what to do")
    func refusals() {
        #expect(throws: KubernetesConnectionError.self) { try access([:]) }
        for (host, port) in [
            ("10.0.0.1", "no"), ("10.0.0.1", "0"), ("10.0.0.1", "65536"), ("a/b", "443"), ("a b", "1"),
        ] {
            #expect(throws: KubernetesConnectionError.self, "\(host) \(port)") {
                try access(["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port])
            }
        }
        do {
            _ = try access([:])
        } catch {
            #expect(
                error.description == "KUBERNETES_SERVICE_HOST is not set, so this is not a Pod; name a kubeconfig file")
        }
    }

    @Test(
        "A server's URL is https with a host, and optionally a port and a path",
        arguments: [
            ("https://10.0.0.1", "10.0.0.1:443", ""), ("https://10.0.0.1:6443/", "10.0.0.1:6443", ""),
            ("HTTPS://api.example.com:6443", "api.example.com:6443", ""), ("https://[::1]:6443", "[::1]:6443", ""),
            ("https://example.com/k8s/clusters/c-1/", "example.com:443", "/k8s/clusters/c-1"),
        ])
    func servers(url: String, authority: String, basePath: String) {
        let server = KubernetesServer(url: url)
        #expect(server?.authority == authority)
        #expect(server?.basePath == basePath)
    }

    @Test(
        "Any other URL is rejected",
        arguments: [
            "", "http://10.0.0.1", "10.0.0.1:6443", "https://", "https:///x", "https://a@example.com",
            "https://example.com?x", "https://example.com#x", "https://example.com:0", "https://example.com:99999",
            "unix:///x",
        ])
    func noServers(url: String) {
        #expect(KubernetesServer(url: url) == nil)
    }

    @Test("Tokens and keys are redacted")
    func silent() throws {
        var access = try access(["KUBERNETES_SERVICE_HOST": "10.0.0.1"])
        access.token = .bytes(Array("secret".utf8))
        var dumped = ""
        dump(access, to: &dumped)
        for text in ["\(access)", String(reflecting: access), dumped] {
            #expect(!text.contains("secret"))
            #expect(!text.contains("115"))
        }
    }
}
