import NIOCore

/// Bounds what one connection may take, whatever its protocol: the time for its handshake, between two requests and
/// without progress of a write; and it ends the connection where the listener stops or needs room. It is the
/// first handler, so that it can close the socket while TLS still waits for the peer.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny

    private let connections: ListenerConnections
    private let limits: ConnectionLimits
    /// Called when the channel is closed.
    private let onClose: () -> Void
    private var id: ConnectionTable.ID?
    private var context: ChannelHandlerContext?
    /// Ends the protocol after what it has in progress; nil within the handshake.
    private var endProtocol: (() -> Void)?
    /// Requests that have begun to arrive and are not answered yet, and those of them that have arrived.
    private var begun = 0
    private var working = 0
    private var deadline: MovingDeadline?
    private var progress: WriteProgress?
    /// From the end of what is in progress until the connection is closed; nil while it is not to end.
    private var closing: TimeAmount?

    private(set) var remoteAddress: String?
    /// Whether the connection's own address is a loopback one.
    private(set) var isLoopback = false

    init(connections: ListenerConnections, limits: ConnectionLimits, onClose: @escaping () -> Void) {
        self.connections = connections
        self.limits = limits
        self.onClose = onClose
    }

    /// Whether the connection is ending: the peer was asked to open no further request.
    var isEnding: Bool { closing != nil }

    // MARK: The protocol's part

    /// The handshake is over.
    ///
    /// - Parameter end: ends the protocol after what it has in progress. It is called once.
    func established(end: @escaping () -> Void) {
        endProtocol = end
        if isEnding { end() }
        schedule()
    }

    /// The first part of a request has arrived.
    func requestBegins() {
        begun += 1
        if begun == 1 { schedule() }
    }

    /// The last part of a request has arrived, or as much as is read of it.
    func requestIsComplete() {
        working += 1
        guard working == 1 else { return }
        if let id { connections.set(id, isWorking: true) }
        schedule()
    }

    /// The request is answered, or will never be.
    ///
    /// - Parameter isComplete: whether ``requestIsComplete()`` was called for it.
    func requestEnds(isComplete: Bool) {
        begun -= 1
        if isComplete {
            working -= 1
            if working == 0, let id { connections.set(id, isWorking: false) }
        }
        if begun == 0 || working == 0 { schedule() }
    }

    /// Ends the connection after what it has in progress.
    func end() { end(closing: limits.closing) }

    /// Closes the socket at once.
    func abort() { context?.close(promise: nil) }

    private func end(closing: TimeAmount) {
        let isFirst = !isEnding
        self.closing = min(closing, self.closing ?? closing)
        if isFirst { endProtocol?() }
        schedule()
    }

    /// Ends the connection to make room for others.
    private func evict() {
        if endProtocol == nil { abort() } else { end(closing: limits.eviction) }
    }

    // MARK: Deadlines

    private func schedule() {
        if let closing {
            // What has arrived completely is answered, which has bounds of its own.
            if working == 0 { deadline?.set(in: closing) } else { deadline?.remove() }
        } else if endProtocol == nil {
            deadline?.set(in: limits.handshake)
        } else if begun == 0 {
            deadline?.set(in: limits.idle())
        } else {
            deadline?.remove()
        }
    }

    private func deadlinePasses() {
        if isEnding || endProtocol == nil { abort() } else { end() }
    }

    // MARK: The channel's part

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        remoteAddress = context.channel.remoteAddress?.ipAddress
        isLoopback = context.channel.localAddress?.ipAddress.map(PeerAddress.isLoopback) ?? false
        progress = WriteProgress(on: context.channel, isSocket: true, within: limits.write) { self.abort() }
        let loop = context.eventLoop
        deadline = MovingDeadline(on: loop) { self.deadlinePasses() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        id = connections.open(
            from: PeerAddress(context.channel.remoteAddress),
            ListenerConnections.Controls(
                end: { loop.execute { bound.value.evict() } }, abort: { loop.execute { bound.value.abort() } }))
        schedule()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        deadline?.stop()
        deadline = nil
        progress?.stop()
        progress = nil
        if let id { connections.close(id) }
        id = nil
        endProtocol = nil
        onClose()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: progress?.follow(promise) ?? promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // It goes no further: a HTTP/2 stream that has just been accepted would close.
        guard event is ChannelShouldQuiesceEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        end()
    }
}
