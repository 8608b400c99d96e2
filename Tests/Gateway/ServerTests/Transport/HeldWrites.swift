import NIOCore
import Synchronization

/// The first handler of a connection whose peer does not read: a write ends where the test says so.
final class HeldWrites: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = NIOAny

    private let promises = Mutex<[EventLoopPromise<Void>]>([])

    var count: Int { promises.withLock { $0.count } }

    /// The socket takes the oldest write.
    func takeOne() { promises.withLock { $0.isEmpty ? nil : $0.removeFirst() }?.succeed() }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let promise = promise ?? context.eventLoop.makePromise(of: Void.self)
        promises.withLock { $0.append(promise) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        let held = promises.withLock { promises in
            defer { promises = [] }
            return promises
        }
        for promise in held { promise.fail(ChannelError.ioOnClosedChannel) }
        context.close(mode: mode, promise: promise)
    }
}
