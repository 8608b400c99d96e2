import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Reads requests whole and writes their responses: of a HTTP/1.x connection one after the other, of a HTTP/2 stream
/// its one. It bounds the time for a request to arrive, its body, and the bodies of all requests together.
final class RequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        case waiting
        case reading(HTTPRequest)
        /// The request was handed on; `isRead`: to its end. The rest of a rejected request is discarded.
        case responding(isRead: Bool)
        /// The response is written, and the rest of its request is discarded.
        case draining
        /// Nothing more is read.
        case closed
    }

    let isStream: Bool
    private let connection: ConnectionGuard
    private let limits: ConnectionLimits
    private let requests: AsyncStream<ReceivedRequest>.Continuation
    private var state = State.waiting
    /// Whether the request that the connection records is complete; nil where it records none.
    private var isComplete: Bool?
    private var context: ChannelHandlerContext?
    private var deadline: MovingDeadline?
    private var progress: WriteProgress?
    /// Of the request that is read.
    private var body: BudgetedBody
    private var drained = 0
    private var closesAfterResponse = false
    /// To be answered after the response that is in progress.
    private var violation: ProtocolViolation?
    /// Parts of requests that were sent before the response to an earlier one.
    private var pipelined: [HTTPRequestPart] = []
    private var isReadHeld = false
    /// The beginning of a request that has not been parsed yet.
    private var start = ByteBuffer()

    init(
        isStream: Bool, connection: ConnectionGuard, limits: ConnectionLimits, budget: BodyBudget,
        requests: AsyncStream<ReceivedRequest>.Continuation
    ) {
        self.isStream = isStream
        self.connection = connection
        self.limits = limits
        body = BudgetedBody(limit: limits.bodyBytes, budget: budget)
        self.requests = requests
    }

    /// Ends a HTTP/1.x connection after the request that it has begun.
    func end() {
        closesAfterResponse = true
        if case .waiting = state, deadline?.isSet != true { close() }
    }

    // MARK: Reading

    /// Bytes of a HTTP/1.x connection have arrived, and are parsed next.
    func bytesArrive(_ bytes: ByteBuffer) {
        guard case .waiting = state else { return }
        if start.readableBytes < 1_024 {
            start.writeBytes(bytes.readableBytesView.prefix(1_024))
        }
        if deadline?.isSet != true { startDeadline() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .responding(isRead: true) = state { pipelined.append(part) } else { read(part) }
    }

    private func read(_ part: HTTPRequestPart) {
        switch (state, part) {
        case (.waiting, .head(let head)): begin(head)
        case (.reading(let head), .body(let bytes)):
            if let failure = body.append(bytes, giveUp: giveUp()) { handOn(head, .failure(failure)) }
        case (.reading(let head), .end): handOn(head, body.takeBytes().map(Result.success) ?? .failure(.overloaded))
        case (.responding(isRead: false), .end):
            stopDeadline()
            state = .responding(isRead: true)
        case (.responding(isRead: false), .body(let bytes)), (.draining, .body(let bytes)):
            drained += bytes.readableBytes
            if drained > limits.drainedBytes { closeNow() }
        case (.draining, .end): state = .closed
        default: break
        }
    }

    private func begin(_ head: HTTPRequest) {
        start.clear()
        connection.requestBegins()
        isComplete = false
        if deadline?.isSet != true { startDeadline() }
        state = .reading(head)
        if isStream {
            if head.fieldBytes > limits.headerBytes { return answer(.headersTooLarge) }
            if let failure = body.openStream(giveUp: giveUp()) { return handOn(head, .failure(failure)) }
        } else if head.headerFields.closesConnection {
            closesAfterResponse = true
        }
        if let length = head.headerFields[.contentLength].flatMap(Int.init), length > limits.bodyBytes {
            handOn(head, .failure(.tooLarge))
        }
    }

    /// What has arrived of the body is given up: others need the room.
    private func giveUp() -> @Sendable () -> Void {
        guard let loop = context?.eventLoop else { return {} }
        let bound = NIOLoopBound(self, eventLoop: loop)
        return {
            loop.execute {
                if case .reading(let head) = bound.value.state { bound.value.handOn(head, .failure(.overloaded)) }
            }
        }
    }

    private func handOn(_ head: HTTPRequest, _ body: Result<ByteBuffer, ReceivedRequest.BodyFailure>) {
        guard let context else { return }
        switch body {
        case .success:
            stopDeadline()
            state = .responding(isRead: true)
        case .failure:
            self.body.giveBack()
            closesAfterResponse = true
            state = .responding(isRead: false)
        }
        connection.requestIsComplete()
        isComplete = true
        let loop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        let request = ReceivedRequest(
            head: head, body: body, remoteAddress: connection.remoteAddress, isLoopback: connection.isLoopback,
            isStream: isStream
        ) { response, body in loop.execute { bound.value.respond(response, body) } }
        if case .terminated = requests.yield(request) { closeNow() }
    }

    // MARK: Responding

    private func respond(_ response: HTTPResponse, _ body: ByteBuffer) {
        guard case .responding = state, let context else { return }
        var response = response
        if !isStream, closesAfterResponse || connection.isEnding {
            closesAfterResponse = true
            response.headerFields[.connection] = "close"
        }
        context.write(response, body, following: progress) { isWritten in
            self.endRequest()
            guard isWritten else { return self.closeNow() }
            self.goOn()
        }
    }

    /// The response is written.
    private func goOn() {
        guard case .responding(let isRead) = state, let context else { return }
        guard !isStream else { return endStream(isRead: isRead) }
        if closesAfterResponse {
            if isRead { close() } else { closeAfterReading() }
        } else {
            state = .waiting
            drained = 0
            let parts = pipelined
            pipelined = []
            for part in parts { channelRead(context: context, data: NIOAny(part)) }
            // The error came after them.
            switch state {
            case .waiting, .reading: if let violation { return answer(violation) }
            case .responding, .draining, .closed: break
            }
            if isReadHeld {
                isReadHeld = false
                self.read(context: context)
            }
        }
    }

    /// Answers what is no request, and ends the connection or the stream.
    private func answer(_ violation: ProtocolViolation) {
        guard let context else { return }
        self.violation = nil
        endRequest()
        state = .draining
        var head = violation.head
        if isStream { head.headerFields[.connection] = nil }
        context.write(head, violation.body, following: progress) { _ in
            if self.isStream { self.endStream(isRead: false) } else { self.closeAfterReading() }
        }
    }

    /// An unknown method is no error of the connection's framing: the routes answer it, if the request line can be read.
    private func handOnUnknownMethod() -> Bool {
        guard let head = HTTPRequest(requestLineOf: start) else { return false }
        connection.requestBegins()
        isComplete = false
        closesAfterResponse = true
        handOn(head, .success(ByteBuffer()))
        // Where the request ends is not known.
        state = .responding(isRead: false)
        startDeadline()
        return true
    }

    // MARK: Ending

    /// All that has arrived is answered.
    private func close() {
        state = .closed
        context?.close(promise: nil)
        connection.end()
    }

    /// A HTTP/2 stream closes by itself when both sides have ended it. A peer that has not is asked to send no more.
    private func endStream(isRead: Bool) {
        state = .closed
        if !isRead { context?.resetStream() }
    }

    /// The peer may still be sending; a socket that is closed before it has read everything resets the connection, and
    /// the peer may lose the response.
    private func closeAfterReading() {
        state = .draining
        context?.close(mode: .output, promise: nil)
        connection.end()
    }

    private func closeNow() {
        state = .closed
        endRequest()
        if isStream { context?.close(promise: nil) } else { connection.abort() }
    }

    private func startDeadline() { deadline?.set(in: limits.read) }

    private func stopDeadline() { deadline?.remove() }

    /// The request needs nothing more of what it shares with others.
    private func endRequest() {
        body.giveBack()
        if let isComplete { connection.requestEnds(isComplete: isComplete) }
        isComplete = nil
    }

    // MARK: The channel's part

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        progress = WriteProgress(on: context.channel, isSocket: !isStream, within: limits.write) { self.closeNow() }
        deadline = MovingDeadline(on: context.eventLoop) { self.closeNow() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        state = .closed
        self.context = nil
        deadline?.stop()
        deadline = nil
        progress?.stop()
        progress = nil
        endRequest()
    }

    /// One request of a HTTP/1.x connection is answered at a time; those that follow stay with the peer.
    func read(context: ChannelHandlerContext) {
        if !isStream, case .responding(isRead: true) = state { isReadHeld = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            switch state {
            case .waiting, .reading, .draining, .closed, .responding(isRead: false): closeNow()
            case .responding(isRead: true): if !isStream { closesAfterResponse = true }
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isStream, let violation = ProtocolViolation(error) else { return closeNow() }
        if error as? HTTPParserError == .invalidMethod, case .waiting = state, handOnUnknownMethod() { return }
        switch state {
        case .waiting, .reading: answer(violation)
        case .responding(isRead: true): self.violation = violation
        case .responding(isRead: false), .draining, .closed: closesAfterResponse = true
        }
    }
}
