import HTTPTypes
import NIOHTTP1
import Testing

@testable import GatewayServer

@Suite("A request's head over HTTP/1.x")
struct HTTP1FramingTests {
    private func status(
        _ fields: [(String, String)], uri: String = "/one", version: HTTPVersion = .http1_1
    ) -> Int {
        let head = HTTPRequestHead(version: version, method: .POST, uri: uri, headers: HTTPHeaders(fields))
        do {
            _ = try HTTP1Framing.request(head)
            return 200
        } catch {
            return error.status.code
        }
    }

    @Test("A length is defined once and in one way (RFC 9112 §6.1, §6.3)")
    func framing() {
        let host = ("Host", "a")
        #expect(status([host]) == 200)
        #expect(status([host, ("Content-Length", "4")]) == 200)
        #expect(status([host, ("Transfer-Encoding", " Chunked\t")]) == 200)
        for value in [
            "", " ", ",", "chunked,", "gzip", "identity", "chunked, gzip", "chunked, chunked", "chunk ed",
            "\u{B}chunked", "chunked;a=b", ",chunked",
        ] {
            #expect(status([host, ("Transfer-Encoding", value)]) == 400, "\(value)")
        }
        #expect(status([host, ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")]) == 400)
        #expect(status([host, ("Transfer-Encoding", "gzip, chunked")]) == 501)
        #expect(status([host, ("Transfer-Encoding", "gzip"), ("Transfer-Encoding", "chunked")]) == 501)
        #expect(status([host, ("Transfer-Encoding", "chunked"), ("Content-Length", "4")]) == 400)
        #expect(status([host, ("Transfer-Encoding", "chunked")], version: .http1_0) == 400)
    }

    @Test("HTTP/1.1 has one valid Host, HTTP/1.0 at most one; other versions are 505")
    func host() {
        #expect(status([]) == 400)
        #expect(status([], version: .http1_0) == 200)
        #expect(status([("Host", "a"), ("host", "a")]) == 400)
        #expect(status([("Host", "a"), ("host", "a")], version: .http1_0) == 400)
        for host in ["a", "A.example.:80", "[2001:db8::1]", "[::1]:8443", "a%20b", "a:", "192.0.2.1:1"] {
            #expect(status([("Host", host)]) == 200, "\(host)")
        }
        for host in ["", "a b", "a/b", "u@a", "a:b", "a:123456", "[::1", "[g]", "a%2", "a,b?", "a#b", "é"] {
            #expect(status([("Host", host)]) == 400, "\(host)")
        }
        #expect(status([("Host", "a")], version: HTTPVersion(major: 1, minor: 2)) == 505)
        #expect(status([("Host", "a")], version: HTTPVersion(major: 2, minor: 0)) == 505)
    }

    @Test("The host of an absolute form replaces Host (RFC 9112 §3.2.2)")
    func targets() throws {
        func request(_ uri: String) throws(ProtocolViolation) -> (authority: String?, path: String?) {
            let head = HTTPRequestHead(
                version: .http1_1, method: .GET, uri: uri, headers: ["Host": "other.example"])
            let request = try HTTP1Framing.request(head)
            return (request.authority, request.path)
        }
        for (uri, authority, path) in [
            ("/a?b", "other.example", "/a?b"), ("https://one.example/a?b", "one.example", "/a?b"),
            ("HTTP://one.example:80", "one.example:80", "/"), ("http://one.example?b", "one.example", "/?b"),
            ("*", "other.example", "*"), ("//one.example/a", "other.example", "//one.example/a"),
        ] {
            let found = try request(uri)
            #expect(found.authority == authority, "\(uri)")
            #expect(found.path == path, "\(uri)")
        }
        for uri in ["https:///a", "https://u@one.example/a", "https://one example/a"] {
            #expect(throws: ProtocolViolation.self) { try request(uri) }
        }
    }
}
