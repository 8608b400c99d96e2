import GatewayTestSupport
import HTTPTypes
import NIOCore
import NIOEmbedded
import Testing

@testable import GatewayServer

@Suite("A connection over HTTP/1.x", .hangs)
struct HTTP1ConnectionTests {
    private let get = "GET /one HTTP/1.1\r\nHost: a\r\n\r\n"

    private func post(_ length: Int) -> String {
        "POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
    }

    @Test("It is closed when it has had no request for the idle time, counted from the last response")
    func idle() async throws {
        let connection = try await TestConnection()
        await connection.advance(.seconds(99))
        try await connection.receive(get)
        await connection.advance(.seconds(200))
        #expect(connection.isOpen, "the request is in progress")
        await connection.answer(try await connection.request())
        #expect(try await connection.sentText().hasSuffix("ok"))
        await connection.advance(.seconds(99))
        #expect(connection.isOpen)
        await connection.advance(.seconds(1))
        #expect(!connection.isOpen)
    }

    @Test("A request has the read timeout from its first byte on, its head included", arguments: [true, false])
    func read(isHead: Bool) async throws {
        let connection = try await TestConnection()
        try await connection.receive(isHead ? "GET /one" : post(10) + "a")
        await connection.advance(.seconds(19))
        try await connection.receive("a")
        #expect(connection.isOpen)
        await connection.advance(.seconds(1))
        #expect(!connection.isOpen)
        #expect(connection.budget.usedBytes == 0)
        #expect(connection.connections.count == 0)
    }

    @Test("Its handlers are freed when it is closed")
    func freed() async throws {
        let connection = try await TestConnection()
        let handlers = try await connection.handlers()
        try await connection.receive(get)
        await connection.answer(try await connection.request())
        try await connection.channel.close().get()
        await connection.channel.testingEventLoop.run()
        try await connection.channel.testingEventLoop.executeInContext {
            #expect(handlers.value.connection == nil)
            #expect(handlers.value.request == nil)
        }
    }

    @Test("A peer that does not read is disconnected when no write has made progress for the time of a write")
    func write() async throws {
        let connection = try await TestConnection()
        try await connection.receive(get)
        let request = try await connection.request()
        let held = try await connection.stopTaking()
        await connection.answer(request)
        #expect(held.count > 1)
        await connection.advance(.seconds(29))
        held.takeOne()
        await connection.advance(.seconds(29))
        #expect(connection.isOpen, "there was progress")
        await connection.advance(.seconds(1))
        #expect(!connection.isOpen)
        #expect(connection.connections.count == 0)
    }

    @Test(
        "A body is handed on whole; one that is too large, or beyond the budget, as an error, and nothing is kept of it"
    )
    func bodies() async throws {
        let connection = try await TestConnection()
        try await connection.receive(post(4) + "ab")
        try await connection.receive("cd")
        let whole = try await connection.request()
        #expect(try whole.body.get() == ByteBuffer(string: "abcd"))
        #expect(connection.budget.usedBytes == 4)
        await connection.answer(whole)
        #expect(connection.budget.usedBytes == 0)
        try await connection.receive(post(1_001) + "ab")
        let large = try await connection.request()
        #expect(throws: ReceivedRequest.BodyFailure.tooLarge) { try large.body.get() }
        #expect(connection.budget.usedBytes == 0)

        let crowded = try await TestConnection(budget: 100)
        try await crowded.receive(post(200) + String(repeating: "a", count: 101))
        let rejected = try await crowded.request()
        #expect(throws: ReceivedRequest.BodyFailure.overloaded) { try rejected.body.get() }
        await crowded.answer(rejected)
        #expect(try await crowded.sentText().contains("Connection: close\r\n"))
        // The rest is read, so that the answer arrives, and not for ever.
        try await crowded.receive(String(repeating: "a", count: 50))
        await crowded.advance(.seconds(20))
        #expect(!crowded.isOpen)
    }

    @Test("A chunked body that grows beyond the limit is an error, too")
    func chunks() async throws {
        let connection = try await TestConnection()
        try await connection.receive("POST /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<6 { try await connection.receive("c8\r\n" + String(repeating: "a", count: 200) + "\r\n") }
        let request = try await connection.request()
        #expect(throws: ReceivedRequest.BodyFailure.tooLarge) { try request.body.get() }
    }

    @Test("After a request that is not clear nothing more is read (RFC 9112 §6.3)")
    func smuggling() async throws {
        for fields in ["Transfer-Encoding: \r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "X y: 1\r\n"] {
            let connection = try await TestConnection()
            try await connection.receive("POST /one HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" + get)
            let sent = try await connection.sentText()
            #expect(sent.hasPrefix("HTTP/1.1 400 "), "\(fields)")
            #expect(sent.contains("Connection: close\r\n"), "\(fields)")
            try await connection.receive(get)
            await connection.advance(.seconds(5))
            #expect(!connection.isOpen)
            #expect(try await connection.sent().isEmpty, "\(fields)")
            await #expect(throws: TestConnection.NoRequest.self) { try await connection.request() }
        }
    }

    @Test("Requests that follow at once are answered one after the other, what is wrong with them after the others")
    func pipelining() async throws {
        let connection = try await TestConnection()
        try await connection.receive(get + get + "GET /one HTTP/1.1\r\n\r\n")
        let first = try await connection.request()
        await connection.answer(first, "first")
        await connection.answer(try await connection.request(), "second")
        let sent = try await connection.sentText().components("HTTP/1.1 ")
        #expect(sent.map { $0.prefix(3) } == ["200", "200", "400"])
        #expect(sent.first?.hasSuffix("first") == true)
        await connection.advance(.seconds(5))
        #expect(!connection.isOpen)
    }

    @Test("A method that the parser does not know is handed on, and nothing after it")
    func methods() async throws {
        let connection = try await TestConnection()
        try await connection.receive("BREW /one?a HTTP/1.1\r\nHost: a\r\n\r\n" + get)
        let request = try await connection.request()
        #expect(request.head.method.rawValue == "BREW")
        #expect(request.head.path == "/one?a")
        await connection.answer(request)
        #expect(try await connection.sentText().contains("Connection: close\r\n"))
        await connection.advance(.seconds(5))
        #expect(!connection.isOpen)
    }

    @Test("HTTP/1.0 closes after the response")
    func oldVersion() async throws {
        let connection = try await TestConnection()
        try await connection.receive("GET /one HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        await connection.answer(try await connection.request())
        #expect(try await connection.sentText().contains("Connection: close\r\n"))
        #expect(!connection.isOpen)
    }

    @Test("A listener that stops closes what waits at once, and answers what has arrived or arrives soon")
    func stop() async throws {
        let waiting = try await TestConnection()
        try await waiting.quiesce()
        #expect(!waiting.isOpen)

        let working = try await TestConnection()
        try await working.receive(get)
        try await working.quiesce()
        await working.advance(.seconds(60))
        await working.answer(try await working.request())
        #expect(try await working.sentText().contains("Connection: close\r\n"))
        #expect(!working.isOpen)

        let reading = try await TestConnection()
        try await reading.receive(post(2) + "a")
        try await reading.quiesce()
        await reading.advance(.seconds(4))
        try await reading.receive("b")
        await reading.answer(try await reading.request())
        #expect(try await reading.sentText().hasPrefix("HTTP/1.1 200 "))

        let slow = try await TestConnection()
        try await slow.receive(post(2) + "a")
        try await slow.quiesce()
        await slow.advance(.seconds(5))
        #expect(!slow.isOpen)
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        var (parts, rest) = ([String](), self[...])
        while let range = rest.range(of: separator) {
            if range.lowerBound > rest.startIndex { parts.append(String(rest[..<range.lowerBound])) }
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }

    fileprivate func range(of text: String) -> Range<Index>? { self[...].range(of: text) }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? { ranges(of: text).first }
}
