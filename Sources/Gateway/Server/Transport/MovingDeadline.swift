import NIOCore

/// A deadline of a connection that moves with each request and rarely passes. Its timer stays where it is when the
/// deadline moves to a later time or is removed, and looks again when it fires, so that a request needs no timer.
final class MovingDeadline {
    private let loop: any EventLoop
    private let onPass: () -> Void
    private var end: NIODeadline?
    private var timer: Scheduled<Void>?
    private var timerEnd = NIODeadline.distantFuture

    /// - Parameter onPass: called on the event loop when the deadline passes.
    init(on loop: any EventLoop, onPass: @escaping () -> Void) {
        self.loop = loop
        self.onPass = onPass
    }

    var isSet: Bool { end != nil }

    /// Moves the deadline.
    func set(in time: TimeAmount) {
        let end = loop.now + time
        self.end = end
        guard timer == nil || end < timerEnd else { return }
        timer?.cancel()
        schedule(at: end)
    }

    func remove() { end = nil }

    /// Removes the deadline and its timer.
    func stop() {
        end = nil
        timer?.cancel()
        timer = nil
    }

    private func schedule(at time: NIODeadline) {
        timerEnd = time
        timer = loop.assumeIsolated().scheduleTask(deadline: time) { self.fire() }
    }

    private func fire() {
        timer = nil
        guard let end else { return }
        guard loop.now >= end else { return schedule(at: end) }
        self.end = nil
        onPass()
    }
}
