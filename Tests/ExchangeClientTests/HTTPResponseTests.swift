import Testing

@testable import ExchangeClient

@Suite("HTTP responses")
struct HTTPResponseTests {
    /// Feeds the text in pieces of several sizes. The result must be the same.
    private func read(_ text: String, maximum: Int = 100) throws -> HTTPResponse? {
        var responses: [HTTPResponse?] = []
        for size in [1, 2, 7, 10_000] {
            var reader = HTTPResponseReader(maximumBodyBytes: maximum)
            var rest = Array(text.utf8)[...]
            var response: HTTPResponse?
            while response == nil, !rest.isEmpty {
                response = try reader.feed(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            responses.append(try response ?? reader.finish())
        }
        #expect(responses.allSatisfy { $0?.body == responses[0]?.body && $0?.status == responses[0]?.status })
        return responses[0]
    }

    @Test("A body ends at its Content-Length, at its last chunk, or at the end of the connection")
    func framings() throws {
        let sized = try #require(try read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \"x\"\r\n\r\nabc"))
        #expect(sized.body == Array("abc".utf8) && sized["etag"] == "\"x\"" && sized.isReusable)
        let chunked = try read(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: t\r\n\r\n")
        #expect(chunked?.body == Array("abc0123456789".utf8))
        let open = try read("HTTP/1.0 200 OK\r\n\r\nabc")
        #expect(open?.body == Array("abc".utf8) && open?.isReusable == false)
        #expect(try read("HTTP/1.1 304 Not Modified\r\n\r\n")?.body == [])
        #expect(try read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")?.status == 204)
        #expect(try read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?.isReusable == false)
    }

    @Test(
        "Responses that are not HTTP, are truncated or too long have different errors",
        arguments: [
            ("SSH-2.0-x\r\n\r\n", "not HTTP"),
            ("HTTP/2 200 OK\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 20x OK\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "truncated"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", "truncated"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", "longer than 100"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", "longer than 100"),
            ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101), "longer than 100"),
            ("HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 4000), "header is longer"),
            ("", "before a response"),
        ])
    func malformed(text: String, reason: String) throws {
        let error = #expect(throws: SidecarError.self) { try read(text) }
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    }

    @Test("Retry-After is a number of seconds or a date")
    func retryAfter() {
        func seconds(_ value: String) -> Int? {
            HTTPResponse(status: 503, fields: ["retry-after": value], body: [], isReusable: true)
                .retryAfter(at: 784_111_770)
        }
        #expect(seconds("120") == 120)
        #expect(seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 7)
        #expect(seconds("Sun, 06 Nov 1994 08:49:00 GMT") == 0)
        for invalid in ["", "-1", "soon", "1.5", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 99:49:37 GMT"] {
            #expect(seconds(invalid) == nil, "\(invalid)")
        }
    }
}
