import Testing

@testable import AWSPlugin

@Suite("An endpoint override")
struct ServiceEndpointTests {
    @Test(
        "is parsed with port and path, without the last slash",
        arguments: [
            ("https://s3.example.com", "https", "s3.example.com", ""),
            ("https://s3.example.com/", "https", "s3.example.com", ""),
            ("HTTPS://S3.example.com:9000/a/b/", "https", "S3.example.com:9000", "/a/b"),
            ("http://127.0.0.1:5000", "http", "127.0.0.1:5000", ""),
            ("http://[::1]:5000/x", "http", "[::1]:5000", "/x"), ("http://[::1]", "http", "[::1]", ""),
        ])
    func reads(text: String, scheme: String, authority: String, path: String) throws {
        let endpoint = try #require(ServiceEndpoint(text))
        #expect(endpoint.scheme == scheme)
        #expect(endpoint.authority == authority)
        #expect(endpoint.path == path)
        #expect(endpoint.url == "\(scheme)://\(authority)\(path)")
    }

    @Test(
        "is rejected where a request could go elsewhere, or its signature would not match",
        arguments: [
            "", "s3.example.com", "ftp://s3.example.com", "https://", "https:///a", "https://:443", "https://h:",
            "https://h:0", "https://h:65536", "https://h:+1", "https://h:1x", "https://user@h", "https://h?x=1",
            "https://h#x", "https://h/a?b", "https://h/%41", "https://h/../a", "https://h/a/./b", "https://h//a",
            "https://a b", "https://h\n", "https://\u{E9}.example.com", "https://h\\a", "https://[::1", "https://[]",
            "https://[::1]x", "https://[fe80::1%25eth0]", "https://a_b\"c",
        ])
    func rejected(text: String) {
        #expect(ServiceEndpoint(text) == nil)
    }

    @Test(
        "distinguishes an IP address from a host name",
        arguments: [
            ("http://127.0.0.1:9000", true), ("http://[::1]:9000", true), ("http://localhost:9000", false),
            ("https://1.example.com", false),
        ])
    func addresses(text: String, isAddress: Bool) throws {
        #expect(try #require(ServiceEndpoint(text)).isAddress == isAddress)
    }
}
