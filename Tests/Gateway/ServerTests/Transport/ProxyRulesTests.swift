import GatewayCore
import Testing

@testable import GatewayServer

@Suite("Proxy rules")
struct ProxyRulesTests {
    private func isProxied(_ host: String, port: Int = 443, except noProxy: String = "") -> Bool {
        let rules = ProxyRules(environment: ["HTTPS_PROXY": "http://proxy.example.com:3128", "NO_PROXY": noProxy])
        return rules.proxy(forHost: host, port: port) != nil
    }

    @Test("Without HTTPS_PROXY no request uses a proxy; with it, in either case, all but those to loopback")
    func environment() {
        #expect(ProxyRules(environment: [:]).proxy(forHost: "a.example", port: 443) == nil)
        let lower = ProxyRules(environment: ["https_proxy": "proxy.example.com:3128"])
        #expect(lower.proxy(forHost: "a.example", port: 443)?.host == "proxy.example.com")
        #expect(isProxied("a.example"))
        for loopback in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1"] { #expect(!isProxied(loopback)) }
    }

    @Test("An invalid HTTPS_PROXY is reported and ignored")
    func invalid() {
        let rules = ProxyRules(environment: ["HTTPS_PROXY": "socks5://proxy.example.com"])
        #expect(rules.invalid == "socks5://proxy.example.com")
        #expect(rules.proxy(forHost: "a.example", port: 443) == nil)
    }

    @Test(
        "An entry of NO_PROXY excludes its host",
        arguments: [
            ("a.example", "a.example"), ("a.example", "A.EXAMPLE"), ("x.a.example", "a.example"),
            ("x.a.example", ".a.example"), ("x.a.example", "*.a.example"), ("a.example", "*"),
            ("a.example", "b.example, a.example"), ("a.example", "b.example a.example"), ("a.example", "a.example:443"),
            ("10.1.2.3", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3"), ("10.1.2.3", "10.1.2.2/31"),
            ("2001:db8::5", "2001:db8::/32"), ("2001:db8::5", "[2001:db8::5]:443"),
        ])
    func direct(host: String, entry: String) {
        #expect(!isProxied(host, except: entry))
    }

    @Test(
        "and no other",
        arguments: [
            ("ba.example", "a.example"), ("a.example", ".a.example"), ("a.example", "*.a.example"),
            ("a.example", "x.a.example"), ("a.example", "a.example:8443"), ("11.1.2.3", "10.0.0.0/8"),
            ("10.1.2.4", "10.1.2.2/31"), ("a.example", ""), ("a.example", ","), ("10.1.2.3", "10.0.0.0/33"),
        ])
    func proxied(host: String, entry: String) {
        #expect(isProxied(host, except: entry))
    }
}
