import GatewayTestSupport
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import GatewayServer

#if os(Linux)
    @Suite("The detection of dead peers by the system", .hangs)
    struct SocketLivenessTests {
        @Test("An accepted socket probes its peer, and does not wait longer for it than a write may")
        func options() async throws {
            let connections = ListenerConnections(limit: 8, patience: 0, onEviction: { _ in }, monotonic: { 0 })
            let child = ConnectionChannel(
                tls: nil, limits: TestConnection.limits, connections: connections, budget: BodyBudget { 0 },
                respond: { _ in })
            let (accepted, continuation) = AsyncStream.makeStream(of: (any Channel).self)
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    child.setup(channel: channel, logger: Logger(label: "test")).map { value in
                        continuation.yield(value.channel)
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let address = try #require(server.localAddress)
            let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(to: address).get()
            var iterator = accepted.makeAsyncIterator()
            let socket = try #require(await iterator.next())

            #expect(try await socket.getOption(.socketOption(.so_keepalive)).get() != 0)
            // tcp(7): TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, and TCP_USER_TIMEOUT in milliseconds.
            for (option, value) in [(4, 30), (5, 10), (6, 3), (18, 30_000)] as [(CInt, Int32)] {
                let found = try await socket.getOption(.tcpOption(NIOBSDSocket.Option(rawValue: option))).get()
                #expect(Int32(found) == value, "TCP option \(option)")
            }
            try await client.close()
            try await server.close()
        }
    }
#endif
