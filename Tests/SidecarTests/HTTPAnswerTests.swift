import Testing

@testable import Sidecar

@Suite("HTTP answers")
struct HTTPAnswerTests {
    /// Feeds the text in pieces of every size, which must make no difference.
    private func read(_ text: String, maximum: Int = 100) throws -> HTTPAnswer? {
        var answers: [HTTPAnswer?] = []
        for size in [1, 2, 7, 10_000] {
            var reader = HTTPAnswerReader(maximumBodyBytes: maximum)
            var rest = Array(text.utf8)[...]
            var answer: HTTPAnswer?
            while answer == nil, !rest.isEmpty {
                answer = try reader.feed(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            answers.append(try answer ?? reader.finish())
        }
        #expect(answers.allSatisfy { $0?.body == answers[0]?.body && $0?.status == answers[0]?.status })
        return answers[0]
    }

    @Test("A body has the length that is said, or is in chunks, or goes to the end of the connection")
    func framings() throws {
        let sized = try #require(try read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \"x\"\r\n\r\nabc"))
        #expect(sized.body == Array("abc".utf8) && sized["etag"] == "\"x\"" && sized.keepsConnection)
        let chunked = try read(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: t\r\n\r\n")
        #expect(chunked?.body == Array("abc0123456789".utf8))
        let open = try read("HTTP/1.0 200 OK\r\n\r\nabc")
        #expect(open?.body == Array("abc".utf8) && open?.keepsConnection == false)
        #expect(try read("HTTP/1.1 304 Not Modified\r\n\r\n")?.body == [])
        #expect(try read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")?.status == 204)
        #expect(try read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?.keepsConnection == false)
    }

    @Test(
        "What is no HTTP, is cut off or is too long has its own words",
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
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "cut off"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", "cut off"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", "longer than 100"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", "longer than 100"),
            ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101), "longer than 100"),
            ("HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 4000), "header is longer"),
            ("", "before an answer"),
        ])
    func malformed(text: String, words: String) throws {
        let error = #expect(throws: SidecarError.self) { try read(text) }
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }

    @Test("Retry-After is a number of seconds or a date")
    func retryAfter() {
        func seconds(_ value: String) -> Int? {
            HTTPAnswer(status: 503, fields: ["retry-after": value], body: [], keepsConnection: true)
                .retryAfter(at: 784_111_770)
        }
        #expect(seconds("120") == 120)
        #expect(seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 7)
        #expect(seconds("Sun, 06 Nov 1994 08:49:00 GMT") == 0)
        for nonsense in ["", "-1", "soon", "1.5", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 99:49:37 GMT"] {
            #expect(seconds(nonsense) == nil, "\(nonsense)")
        }
    }
}
