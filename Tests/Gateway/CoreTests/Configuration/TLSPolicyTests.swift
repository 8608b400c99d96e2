import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("The TLS policy, CORS and the status hosts")
struct TLSPolicyTests {
    private func load(
        _ changes: KeyValuePairs<String, JSONValue>
    ) -> (configuration: GatewayConfiguration?, problems: [String]) {
        let endpoint = ExampleDocument.endpoint(["issuer": ["host": "one.example.com", "cors": true]])
        return ExampleDocument.load(ExampleDocument.document(changes, endpoints: [endpoint]))
    }

    @Test("By default TLS 1.2 is accepted, and the library's cipher suites")
    func defaults() throws {
        let configuration = try #require(load([:]).0)
        #expect(configuration.tls == TLSPolicy(minimum: .tls12, ciphers: nil))
        #expect(configuration.statusHosts.isEmpty && configuration.endpoints[0].allowsAnyOrigin)
    }

    @Test("Version and cipher suites are of closed sets")
    func values() throws {
        let valid: JSONValue = [
            "minimumVersion": "TLS1.2", "ciphers": ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
        ]
        #expect(load(["tls": valid]).0?.tls.ciphers == [.rsaAES256])
        let weak: JSONValue = ["ciphers": "TLS_RSA_WITH_AES_128_CBC_SHA"]
        let (none, problems) = load(["tls": weak])
        #expect(none == nil && problems.contains { $0.contains("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256") })
        #expect(load(["tls": ["minimumVersion": "TLS1.1"]]).0 == nil)
        let both: JSONValue = ["minimumVersion": "TLS1.3", "ciphers": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
        #expect(load(["tls": both]).1.contains { $0.contains("ignored with minimumVersion") })
    }

    @Test("A host of the status has no port, and is in lower case")
    func hosts() throws {
        let hosts: JSONValue = ["hosts": ["Status.Example", "[::1]"]]
        #expect(load(["status": hosts]).0?.statusHosts == ["status.example", "[::1]"])
        for bad in [
            "https://status.example", "status.example:9090", "", "::1", "[::1", "[::1]:9090", "[]", "status_x", ".",
            "a..b",
        ] {
            let (configuration, problems) = load(["status": ["hosts": [.string(bad)]]])
            #expect(configuration == nil, "\(bad)")
            #expect(problems.contains { $0.contains("status.hosts[0]") && $0.contains("without port") }, "\(problems)")
        }
        for good in ["10.0.0.7", "status", "[fd00::1]"] {
            #expect(load(["status": ["hosts": [.string(good)]]]).0?.statusHosts == [good])
        }
    }
}
