import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import GatewayServer

@Suite struct RequestBoundsHandlerTests {
    private let channel = EmbeddedChannel(
        handler: RequestBoundsHandler(readTimeout: .seconds(10), maximumDrainedBytes: 100))

    init() throws { try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait() }

    private func receive(_ parts: HTTPRequestPart...) throws { for part in parts { try channel.writeInbound(part) } }

    private var head: HTTPRequestPart {
        .head(HTTPRequest(method: .post, scheme: "https", authority: "gateway.test", path: "/"))
    }

    private func body(_ count: Int) -> HTTPRequestPart { .body(ByteBuffer(repeating: 0, count: count)) }

    /// Lets the channel's time pass, and what it has scheduled run.
    private func pass(_ seconds: Int64) {
        channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
        channel.embeddedEventLoop.run()
    }

    @Test func `a request that does not arrive in time ends the connection`() throws {
        try receive(head, body(1))
        pass(9)
        #expect(channel.isActive)
        pass(1)
        #expect(!channel.isActive)
    }

    @Test func `the time ends with the request, and begins again with the next`() throws {
        try receive(head, .end(nil))
        pass(60)
        #expect(channel.isActive)
        try receive(head)
        pass(10)
        #expect(!channel.isActive)
    }

    @Test func `a body beyond the bound ends the connection, and each request has its own bound`() throws {
        try receive(head, body(60), body(40), .end(nil))
        try receive(head, body(100), .end(nil))
        #expect(channel.isActive)
        try receive(head, body(60), body(41))
        #expect(!channel.isActive)
        // The part that went beyond was not passed on.
        var bytes = 0
        while let part = try channel.readInbound(as: HTTPRequestPart.self) {
            if case .body(let buffer) = part { bytes += buffer.readableBytes }
        }
        #expect(bytes == 260)
    }

    @Test func `header fields that are too long are answered with 431, and the connection ends`() throws {
        channel.pipeline.fireErrorCaught(HTTPParserError.headerOverflow)
        channel.embeddedEventLoop.run()
        guard case .head(let response) = try channel.readOutbound(as: HTTPResponsePart.self) else {
            Issue.record("no response")
            return
        }
        #expect(response.status == .requestHeaderFieldsTooLarge && response.headerFields[.connection] == "close")
        guard case .end = try channel.readOutbound(as: HTTPResponsePart.self) else {
            Issue.record("no end")
            return
        }
        #expect(!channel.isActive)
    }

    @Test func `an error within a response, or any other one, is passed on`() throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        _ = try channel.readOutbound(as: HTTPResponsePart.self)
        channel.pipeline.fireErrorCaught(HTTPParserError.headerOverflow)
        #expect(throws: HTTPParserError.headerOverflow) { try channel.throwIfErrorCaught() }
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        _ = try channel.readOutbound(as: HTTPResponsePart.self)
        channel.pipeline.fireErrorCaught(HTTPParserError.invalidMethod)
        #expect(throws: HTTPParserError.invalidMethod) { try channel.throwIfErrorCaught() }
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }

    @Test func `a connection that ends takes its deadline with it`() throws {
        try receive(head)
        _ = try channel.finish(acceptAlreadyClosed: true)
        pass(60)
    }
}
