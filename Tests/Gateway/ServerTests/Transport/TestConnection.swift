import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded

@testable import GatewayServer

/// A connection of a listener without a socket, whose time the test advances.
final class TestConnection {
    static let limits = ConnectionLimits(
        read: .seconds(20), write: .seconds(30), idle: { .seconds(100) }, headerBytes: 16_384, bodyBytes: 1_000,
        drainedBytes: 2_000)

    struct NoRequest: Error {}

    let channel = NIOAsyncTestingChannel()
    let connections = ListenerConnections(limit: 8, patience: 0, onEviction: { _ in }, monotonic: { 0 })
    let budget: BodyBudget
    private var requests: AsyncStream<ReceivedRequest>.AsyncIterator

    init(isHTTP2: Bool = false, budget: Int = 10_000) async throws {
        self.budget = BodyBudget(bytes: budget) { 0 }
        let child = ConnectionChannel(
            tls: nil, limits: Self.limits, connections: connections, budget: self.budget, isPlainHTTP2: isHTTP2,
            respond: { _ in })
        let channel = channel
        let value = try await channel.testingEventLoop.executeInContext {
            child.setup(channel: channel, logger: Logger(label: "test"))
        }.get()
        requests = value.requests.makeAsyncIterator()
        try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).get()
    }

    /// From now on the socket takes nothing: the peer does not read.
    func stopTaking() async throws -> HeldWrites {
        let held = HeldWrites()
        try await channel.pipeline.addHandler(held, position: .first).get()
        return held
    }

    var isOpen: Bool { channel.isActive }

    /// The handlers of a HTTP/1.x connection, as long as something holds them.
    struct Handlers {
        weak var connection: ConnectionGuard?
        weak var request: RequestHandler?
    }

    func handlers() async throws -> NIOLoopBound<Handlers> {
        let channel = channel
        return try await channel.testingEventLoop.executeInContext {
            let pipeline = channel.pipeline.syncOperations
            let handlers = Handlers(
                connection: try pipeline.handler(type: ConnectionGuard.self),
                request: try pipeline.handler(type: RequestHandler.self))
            return NIOLoopBound(handlers, eventLoop: channel.testingEventLoop)
        }
    }

    func receive(_ bytes: [UInt8]) async throws {
        try await channel.writeInbound(ByteBuffer(bytes: bytes))
        await channel.testingEventLoop.run()
    }

    func receive(_ text: String) async throws { try await receive(Array(text.utf8)) }

    func advance(_ time: TimeAmount) async { await channel.testingEventLoop.advanceTime(by: time) }

    /// The listener is asked to stop.
    func quiesce() async throws {
        let channel = channel
        try await channel.testingEventLoop.executeInContext {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// The next request that was handed on. It has been already, or this waits.
    func request() async throws -> ReceivedRequest {
        // The iterator is this object's alone.
        var requests = requests
        let next = await requests.next()
        self.requests = requests
        guard let next else { throw NoRequest() }
        return next
    }

    func answer(_ request: ReceivedRequest, _ text: String = "ok") async {
        let body = ByteBuffer(string: text)
        request.reply(
            HTTPResponse(status: .ok, headerFields: [.contentLength: String(body.readableBytes)]), body)
        await channel.testingEventLoop.run()
    }

    /// What was sent since the last call.
    func sent() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try await channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { bytes += Array(buffer.readableBytesView) }
        }
        return bytes
    }

    func sentText() async throws -> String { String(decoding: try await sent(), as: UTF8.self) }
}
