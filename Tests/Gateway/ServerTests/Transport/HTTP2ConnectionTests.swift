import GatewayTestSupport
import NIOCore
import NIOHPACK
import Testing

@testable import GatewayServer

@Suite("A connection over HTTP/2", .hangs)
struct HTTP2ConnectionTests {
    private enum Kind: UInt8 {
        case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate
    }

    private struct Frame {
        let kind: Kind
        let flags: UInt8
        let stream: Int
        let payload: [UInt8]
    }

    private static func bytes(_ kind: Kind, flags: UInt8 = 0, stream: UInt8 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), kind.rawValue, flags, 0, 0, 0, stream] + payload
    }

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + bytes(.settings)

    /// HEADERS of `POST https://a/`.
    private static func headers(_ stream: UInt8) -> [UInt8] {
        bytes(.headers, flags: 0x04, stream: stream, [0x83, 0x87, 0x84, 0x01, 0x01, UInt8(ascii: "a")])
    }

    /// A whole request.
    private static func request(_ stream: UInt8) -> [UInt8] {
        headers(stream) + bytes(.data, flags: 0x01, stream: stream, [1])
    }

    private static func frames(_ bytes: [UInt8]) -> [Frame] {
        var (frames, rest) = ([Frame](), bytes[...])
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = head[5...8].reduce(0) { $0 << 8 | Int($1) }
            frames.append(
                Frame(
                    kind: Kind(rawValue: head[3]) ?? .push, flags: head[4], stream: stream,
                    payload: Array(rest.dropFirst(9).prefix(length))))
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }

    /// - Parameter window: SETTINGS_INITIAL_WINDOW_SIZE, of one byte.
    private func opened(budget: Int = 100_000, window: UInt8? = nil) async throws -> TestConnection {
        let connection = try await TestConnection(isHTTP2: true, budget: budget)
        try await connection.receive(Self.preface)
        if let window { try await connection.receive(Self.bytes(.settings, [0, 4, 0, 0, 0, window])) }
        return connection
    }

    private func sent(_ connection: TestConnection) async throws -> [Frame] { Self.frames(try await connection.sent()) }

    /// The last stream of each GOAWAY.
    private func goAways(_ frames: [Frame]) -> [Int] {
        frames.filter { $0.kind == .goAway }.map { $0.payload.prefix(4).reduce(0) { $0 << 8 | Int($1) } }
    }

    private func acknowledge(_ frames: [Frame], on connection: TestConnection) async throws {
        let ping = try #require(frames.last { $0.kind == .ping && $0.flags == 0 })
        try await connection.receive(Self.bytes(.ping, flags: 1, ping.payload))
    }

    @Test("A peer may have 16 streams at a time")
    func streams() async throws {
        let connection = try await opened()
        let settings = try #require(try await sent(connection).first)
        #expect(settings.kind == .settings)
        #expect(settings.payload.prefix(6) == [0, 3, 0, 0, 0, 16])
    }

    @Test("An idle connection gets GOAWAY and PING, and closes when the peer acknowledges")
    func idle() async throws {
        let connection = try await opened()
        _ = try await connection.sent()
        await connection.advance(.seconds(99))
        #expect(try await connection.sent().isEmpty)
        await connection.advance(.seconds(1))
        let frames = try await sent(connection)
        #expect(goAways(frames) == [Int(Int32.max)])
        #expect(connection.isOpen, "the peer may have opened a stream")
        try await acknowledge(frames, on: connection)
        await connection.advance(.zero)
        #expect(goAways(try await sent(connection)) == [0])
        #expect(!connection.isOpen)
    }

    @Test("A peer that acknowledges nothing is closed some seconds after it was notified")
    func silent() async throws {
        let connection = try await opened()
        try await connection.quiesce()
        #expect(goAways(try await sent(connection)) == [Int(Int32.max)])
        await connection.advance(.seconds(2))
        #expect(connection.isOpen)
        await connection.advance(.seconds(3))
        #expect(!connection.isOpen)
        #expect(connection.connections.count == 0)
    }

    @Test("While the listener stops, a stream is answered that the peer opened before it had read GOAWAY")
    func accepted() async throws {
        let connection = try await opened()
        try await connection.receive(Self.request(1))
        let first = try await connection.request()
        try await connection.quiesce()
        let payload = try await sent(connection)
        try await connection.receive(Self.request(3))
        let second = try await connection.request()
        try await acknowledge(payload, on: connection)
        #expect(goAways(try await sent(connection)) == [3])
        await connection.advance(.seconds(60))
        #expect(connection.isOpen, "they are in progress")
        await connection.answer(first)
        await connection.answer(second)
        let frames = try await sent(connection)
        #expect(frames.filter { $0.kind == .data && $0.flags & 1 == 1 }.map(\.stream) == [1, 3])
        await connection.advance(.zero)
        #expect(!connection.isOpen)
    }

    @Test("A stream whose request has not arrived is answered if it arrives before the connection is closed")
    func late() async throws {
        let connection = try await opened()
        try await connection.receive(Self.headers(1))
        try await connection.quiesce()
        await connection.advance(.seconds(4))
        try await connection.receive(Self.bytes(.data, flags: 1, stream: 1, [1, 2]))
        await connection.answer(try await connection.request())
        #expect(try await sent(connection).contains { $0.kind == .data && $0.flags & 1 == 1 })
    }

    @Test("A stream whose peer does not read its response ends, and its connection goes on")
    func stalledStream() async throws {
        let connection = try await opened(window: 1)
        try await connection.receive(Self.request(1))
        await connection.answer(try await connection.request())
        let begun = try await sent(connection)
        #expect(begun.filter { $0.kind == .data }.map(\.payload) == [Array("o".utf8)])
        await connection.advance(.seconds(29))
        #expect(try await sent(connection).isEmpty)
        await connection.advance(.seconds(1))
        #expect(try await sent(connection).filter { $0.kind == .reset }.map(\.stream) == [1])
        #expect(connection.isOpen)
        try await connection.receive(Self.request(3))
        _ = try await connection.request()
    }

    @Test("A peer that takes no bytes at all is disconnected")
    func stalledConnection() async throws {
        let connection = try await opened()
        try await connection.receive(Self.request(1))
        let request = try await connection.request()
        let held = try await connection.stopTaking()
        await connection.answer(request)
        #expect(held.count > 0)
        await connection.advance(.seconds(29))
        #expect(connection.isOpen)
        await connection.advance(.seconds(1))
        #expect(!connection.isOpen)
    }

    @Test("Header fields that are too large get 431 with the error of RFC 6749, and other streams go on")
    func headersTooLarge() async throws {
        let connection = try await opened()
        // The peer has not received the limits yet.
        try await connection.receive(Self.bytes(.settings, flags: 1))
        _ = try await sent(connection)
        // 32 bytes and its own for each field (RFC 9113 §6.5.2).
        let fields = (0..<500).flatMap { _ in [0, 1, UInt8(ascii: "x"), 1, UInt8(ascii: "y")] }
        let post = [0x83, 0x87, 0x84, 0x01, 0x01, UInt8(ascii: "a")] + fields
        try await connection.receive(Self.bytes(.headers, flags: 0x04, stream: 1, post))
        let frames = try await sent(connection)
        var block = ByteBuffer(bytes: try #require(frames.first { $0.kind == .headers }).payload)
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        let head = try decoder.decodeHeaders(from: &block)
        #expect(head[":status"] == ["431"])
        #expect(head["content-type"] == ["application/json"])
        #expect(head["cache-control"] == ["no-store"])
        #expect(head["connection"].isEmpty)
        let body = String(decoding: frames.filter { $0.kind == .data }.flatMap(\.payload), as: UTF8.self)
        #expect(
            body
                == #"{"error":"invalid_request","error_description":"the request's header fields are too large","code":"STS1007"}"#
        )
        try await connection.receive(Self.request(3))
        await connection.answer(try await connection.request())
        #expect(try await sent(connection).contains { $0.kind == .data && $0.stream == 3 })
    }

    @Test("Unfinished streams have one budget for themselves and their bodies, and the first one gives way")
    func bodies() async throws {
        let stream = BudgetedBody.streamBytes + 700
        let connection = try await opened(budget: 2 * stream + 800)
        for stream: UInt8 in [1, 3, 5] {
            try await connection.receive(Self.headers(stream))
            try await connection.receive(
                Self.bytes(.data, stream: stream, [UInt8](repeating: 0, count: 700)))
        }
        let rejected = try await connection.request()
        #expect(throws: ReceivedRequest.BodyFailure.overloaded) { try rejected.body.get() }
        #expect(connection.budget.usedBytes == 2 * stream)
        _ = try await sent(connection)
        await connection.answer(rejected)
        let frames = try await sent(connection)
        #expect(frames.map(\.stream).allSatisfy { $0 == 1 })
        #expect(frames.map(\.kind).suffix(2) == [.data, .reset])
        #expect(frames.last?.payload == [0, 0, 0, 0], "NO_ERROR: the response stays valid")
        try await connection.receive(Self.bytes(.data, flags: 1, stream: 1, [1]))
        #expect(connection.isOpen, "bytes that were on their way are ignored")
        try await connection.receive(Self.bytes(.reset, stream: 3, [0, 0, 0, 8]))
        #expect(connection.budget.usedBytes == stream)
        await connection.advance(.seconds(20))
        #expect(connection.budget.usedBytes == 0, "the read timeout has ended the other")
        #expect(connection.isOpen)
    }

    @Test("A stream without a body counts until its request is complete, and no longer")
    func openStreams() async throws {
        let connection = try await opened(budget: BudgetedBody.streamBytes + 100)
        try await connection.receive(Self.headers(1))
        #expect(connection.budget.usedBytes == BudgetedBody.streamBytes)
        try await connection.receive(Self.request(3))
        let (whole, givenUp) = (try await connection.request(), try await connection.request())
        #expect(try whole.body.get().readableBytes == 1)
        #expect(throws: ReceivedRequest.BodyFailure.overloaded) { try givenUp.body.get() }
        #expect(connection.budget.usedBytes == 1, "the response is still to come")
    }

    @Test("A request whose body is too large is answered, and asked to send no more")
    func tooLarge() async throws {
        let connection = try await opened()
        try await connection.receive(Self.headers(1))
        try await connection.receive(Self.bytes(.data, stream: 1, [UInt8](repeating: 0, count: 1_001)))
        await connection.answer(try await connection.request())
        #expect(try await sent(connection).map(\.kind).suffix(2) == [.data, .reset])
        try await connection.receive(Self.request(3))
        await connection.answer(try await connection.request())
        #expect(try await sent(connection).contains { $0.kind == .data && $0.stream == 3 })
    }
}
