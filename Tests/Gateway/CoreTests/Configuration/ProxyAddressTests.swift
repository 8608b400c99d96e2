import GatewayCore
import Testing

@Suite("A proxy's address")
struct ProxyAddressTests {
    @Test(
        "is a URL or host and port; scheme, final slash and port are optional",
        arguments: [
            "http://proxy.example.com:3128", "http://proxy.example.com:3128/", "HTTP://proxy.example.com:3128",
            "proxy.example.com:3128",
        ])
    func forms(text: String) throws {
        let address = try #require(ProxyAddress(text))
        #expect(address.host == "proxy.example.com" && address.port == 3128 && address.credentials == nil)
    }

    @Test("has port 80 by default, and may be an IPv6 address")
    func defaults() throws {
        #expect(ProxyAddress("http://proxy.example.com")?.port == 80)
        let six = try #require(ProxyAddress("http://[2001:db8::1]:3128"))
        #expect(six.host == "2001:db8::1" && six.port == 3128)
    }

    @Test("may have credentials, percent-encoded")
    func credentials() throws {
        let address = try #require(ProxyAddress("http://me:p%40ss%3A@proxy.example.com:3128"))
        #expect(address.credentials == "me:p@ss:" && address.host == "proxy.example.com")
    }

    @Test(
        "is invalid otherwise",
        arguments: [
            "", "https://proxy.example.com", "socks5://a:1", "http://", "http://a:0", "http://a:70000", "a b:1",
        ])
    func refused(text: String) {
        #expect(ProxyAddress(text) == nil)
    }
}
