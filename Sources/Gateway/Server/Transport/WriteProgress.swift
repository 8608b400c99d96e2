import NIOCore

/// Notices writes that make no progress for some time: the peer does not read.
final class WriteProgress {
    private let channel: any Channel
    private let time: TimeAmount
    private let isSocket: Bool
    private let onStall: () -> Void
    private var pending = 0
    private var completed = 0
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
        if pending == 1 { schedule() }
        promise.futureResult.assumeIsolated().whenComplete { _ in self.hasCompleted() }
        return promise
    }

    func stop() {
        check?.cancel()
        check = nil
    }

    private func hasCompleted() {
        pending -= 1
        completed += 1
        if pending == 0 { stop() }
    }

    private func schedule() {
        let (completed, buffered) = (completed, buffered)
        check = channel.eventLoop.assumeIsolated().scheduleTask(in: time) {
            guard self.pending > 0 else { return }
            if self.completed == completed, self.buffered == buffered { self.onStall() } else { self.schedule() }
        }
    }

    /// Bytes that the socket has not taken yet; 0 where that is not known.
    private var buffered: Int {
        guard isSocket else { return 0 }
        return (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
