import GatewayPluginAPI
import Testing

@testable import AWSPlugin

@Suite("A request before it is signed")
struct ServiceRequestTests {
    @Test(
        "percent-encodes its path byte by byte and keeps every slash",
        arguments: [
            ("", "/"), ("/", "/"), ("/a/b", "/a/b"), ("/a b+c", "/a%20b%2Bc"), ("/\u{E9}/%", "/%C3%A9/%25"),
            ("//a/../~", "//a/../~"), ("/e\u{301}", "/e%CC%81"), ("/$&,:;=@?#", "/%24%26%2C%3A%3B%3D%40%3F%23"),
        ])
    func path(decoded: String, encoded: String) {
        #expect(ServiceRequest(method: "GET", host: "h", path: decoded).encodedPath == encoded)
    }

    @Test(
        "sorts its query by encoded names, then values",
        arguments: [
            ([], ""), ([("lifecycle", "")], "lifecycle="),
            ([("b", "1"), ("a", "2"), ("B", "3"), ("a", "10")], "B=3&a=10&a=2&b=1"),
            ([("a", "x/y z"), ("\u{E9}", "&=")], "%C3%A9=%26%3D&a=x%2Fy%20z"), ([("", "v")], "=v"),
        ])
    func query(decoded: [(String, String)], encoded: String) {
        let query = decoded.map { HTTPHeaderField($0.0, $0.1) }
        #expect(ServiceRequest(method: "GET", host: "h", path: "/", query: query).encodedQuery == encoded)
    }
}
