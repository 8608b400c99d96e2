import NIOCore

/// Notices writes that make no progress for some time: the peer does not read.
final class WriteProgress {
    private let channel: any Channel
    private let time: TimeAmount
    private let isSocket: Bool
    private let onStall: () -> Void
    private var pending = 0
    /// When the last progress was made.
    private var last = NIODeadline.uptimeNanoseconds(0)
    /// At the last check.
    private var lastBuffered = 0
    private var check: Scheduled<Void>?

    /// - Parameters:
    ///   - isSocket: whether the channel is a connection's and not a stream's, which does not know its buffered bytes.
    ///   - onStall: called when a write is pending and none has made progress for `time`.
    init(on channel: any Channel, isSocket: Bool, within time: TimeAmount, onStall: @escaping () -> Void) {
        self.channel = channel
        self.isSocket = isSocket
        self.time = time
        self.onStall = onStall
    }

    /// - Returns: the promise to write with.
    func follow(_ promise: EventLoopPromise<Void>?) -> EventLoopPromise<Void> {
        let promise = promise ?? channel.eventLoop.makePromise(of: Void.self)
        pending += 1
        if pending == 1 {
            last = channel.eventLoop.now
            // Everything that was written before is complete.
            lastBuffered = 0
            // That of an earlier write looks at this one, too.
            if check == nil { schedule() }
        }
        promise.futureResult.assumeIsolated().whenComplete { _ in self.hasCompleted() }
        return promise
    }

    func stop() {
        check?.cancel()
        check = nil
    }

    private func hasCompleted() {
        pending -= 1
        last = channel.eventLoop.now
    }

    /// A part of a write is progress, too, which is noticed at the next check: there are four in the time.
    private func schedule() {
        let loop = channel.eventLoop
        let wait = min(time.nanoseconds / (isSocket ? 4 : 1), (last + time - loop.now).nanoseconds)
        check = loop.assumeIsolated().scheduleTask(in: .nanoseconds(max(0, wait))) {
            self.check = nil
            guard self.pending > 0 else { return }
            let buffered = self.buffered
            if buffered != self.lastBuffered {
                self.lastBuffered = buffered
                self.last = loop.now
            }
            if loop.now - self.last >= self.time { self.onStall() } else { self.schedule() }
        }
    }

    /// Bytes that the socket has not taken yet; 0 where that is not known.
    private var buffered: Int {
        guard isSocket else { return 0 }
        return (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
