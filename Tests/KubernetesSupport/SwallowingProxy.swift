import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy on the loopback. From a moment on, its open connections carry nothing any more and stay open, as
/// behind a middlebox that has lost their state; new connections work.
package final class SwallowingProxy: Sendable {
    /// The port to connect to.
    package let port: Int
    private let state: Shared

    fileprivate final class Shared: Sendable {
        struct State {
            /// The number of connections that were opened.
            var opened = 0
            /// Connections up to this one carry nothing.
            var dead = 0
            /// Of servers, on dead connections.
            var swallowedBytes = 0
        }

        let values = Mutex(State())
    }

    private init(port: Int, state: Shared) {
        self.port = port
        self.state = state
    }

    /// Runs a proxy to a port of the loopback while `body` runs.
    package static func run<Value: Sendable>(
        to upstream: Int, _ body: @Sendable (SwallowingProxy) async throws -> Value
    ) async throws -> Value {
        let group = MultiThreadedEventLoopGroup.singleton
        let state = Shared()
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { accepted in
                let number = state.values.withLock { values in
                    values.opened += 1
                    return values.opened
                }
                return ClientBootstrap(group: accepted.eventLoop)
                    .channelInitializer { connected in
                        connected.eventLoop.makeCompletedFuture {
                            try connected.pipeline.syncOperations.addHandler(
                                Relay(to: accepted, number: number, isFromServer: true, state: state))
                        }
                    }
                    .connect(host: "127.0.0.1", port: upstream)
                    .flatMapThrowing { connected in
                        try accepted.pipeline.syncOperations.addHandler(
                            Relay(to: connected, number: number, isFromServer: false, state: state))
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let value = try await body(SwallowingProxy(port: server.localAddress?.port ?? 0, state: state))
            try await server.close()
            return value
        } catch {
            try? await server.close()
            throw error
        }
    }

    /// The number of connections that were opened so far.
    package var connections: Int { state.values.withLock { $0.opened } }

    /// The bytes that the server has sent on dead connections.
    package var swallowedBytes: Int { state.values.withLock { $0.swallowedBytes } }

    /// Every connection that is open now stays open, and carries nothing any more.
    package func swallow() { state.values.withLock { $0.dead = $0.opened } }
}

private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let number: Int
    private let isFromServer: Bool
    private let state: SwallowingProxy.Shared

    init(to other: any Channel, number: Int, isFromServer: Bool, state: SwallowingProxy.Shared) {
        self.other = other
        self.number = number
        self.isFromServer = isFromServer
        self.state = state
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let isDead = state.values.withLock { values in
            guard number <= values.dead else { return false }
            if isFromServer { values.swallowedBytes += bytes.readableBytes }
            return true
        }
        if !isDead { other.writeAndFlush(bytes, promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Nothing arrives of the end of a dead connection, either.
        if !state.values.withLock({ number <= $0.dead }) { other.close(promise: nil) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
