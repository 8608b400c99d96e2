import COpenSSL
import ExchangeClient
import Glibc

/// Waits for sockets, the timer and signals with poll(2). SIGTERM and SIGINT end the process at each wait, or begin the
/// time for which it lingers; a second signal then ends it. Token files are complete at any time, so only a temporary file
/// can remain, which the next start removes.
final class Poller: SocketWaiting {
    private let signals: Int32
    private let timer: Int32
    private let exitStatus: Int32
    /// Seconds.
    private let linger: Int
    /// When the process ends after a signal, by ``Clock/boot()``; nil before one.
    private var end: Double?

    /// - Parameters:
    ///   - exitStatus: the exit status after SIGTERM or SIGINT: 0, or 143 if the work is then incomplete.
    ///   - linger: how long the process goes on after SIGTERM or SIGINT, in seconds.
    init(exitStatus: Int32, linger: Int) throws(SidecarError) {
        self.exitStatus = exitStatus
        self.linger = linger
        signal(SIGPIPE, SIG_IGN)
        // Signals are unblocked while a name is resolved. Process 1 of a container has no default signal actions.
        if exitStatus == 0 {
            signal(SIGTERM) { _ in _exit(0) }
            signal(SIGINT) { _ in _exit(0) }
        } else {
            signal(SIGTERM) { _ in _exit(143) }
            signal(SIGINT) { _ in _exit(143) }
        }
        var set = Self.signalSet()
        sigprocmask(SIG_BLOCK, &set, nil)
        signals = signalfd(-1, &set, Int32(SFD_CLOEXEC))
        timer = timerfd_create(CLOCK_BOOTTIME, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        guard signals >= 0, timer >= 0 else { throw .system(.system, "signalfd or timerfd failed") }
    }

    private static func signalSet() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }

    /// Runs a blocking call that cannot be polled, with the signals unblocked where they end the process at once.
    func withSignalsUnblocked<Result>(_ body: () -> Result) -> Result {
        guard linger == 0 else { return body() }
        var set = Self.signalSet()
        sigprocmask(SIG_UNBLOCK, &set, nil)
        defer { sigprocmask(SIG_BLOCK, &set, nil) }
        return body()
    }

    /// Sleeps without a wake-up in between. Time during which the machine is suspended counts.
    ///
    /// - Parameter wakeUp: by ``Clock/boot()``.
    func sleep(until wakeUp: Double) {
        var setting = itimerspec()
        let wakeUp = max(wakeUp, Clock.boot() + 0.001)
        setting.it_value.tv_sec = Int(wakeUp)
        setting.it_value.tv_nsec = Int((wakeUp - Double(Int(wakeUp))) * 1e9)
        timerfd_settime(timer, Int32(TFD_TIMER_ABSTIME), &setting, nil)
        while Clock.boot() < wakeUp {
            poll([timer], events: Int16(POLLIN), milliseconds: -1)
            var expirations: UInt64 = 0
            _ = read(timer, &expirations, 8)
        }
    }

    /// Waits until a socket is ready.
    ///
    /// - Parameter deadline: by ``Clock/boot()``.
    /// - Throws: if the deadline passes.
    func wait(for socket: Int32, events: Int16, until deadline: Double) throws(SidecarError) {
        while true {
            let left = deadline - Clock.boot()
            guard left > 0 else { throw SidecarError(.timeout, "timed out") }
            if poll([socket], events: events, milliseconds: Self.milliseconds(left)) { return }
        }
    }

    private static func milliseconds(_ seconds: Double) -> Int32 { Int32(max(0, min(seconds * 1000 + 1, 3_600_000))) }

    /// - Returns: whether a descriptor is ready.
    @discardableResult
    private func poll(_ descriptors: [Int32], events: Int16, milliseconds: Int32) -> Bool {
        var polled = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
        polled += descriptors.map { pollfd(fd: $0, events: events, revents: 0) }
        var wait = milliseconds
        if let end {
            let left = Self.milliseconds(end - Clock.boot())
            wait = wait < 0 ? left : min(wait, left)
        }
        let count = Glibc.poll(&polled, nfds_t(polled.count), wait)
        if let end, Clock.boot() >= end { exit(exitStatus) }
        if count > 0, polled[0].revents != 0 { endOrLinger() }
        return polled.dropFirst().contains { $0.revents != 0 }
    }

    private func endOrLinger() {
        guard linger > 0, end == nil else { exit(exitStatus) }
        var received = signalfd_siginfo()
        _ = read(signals, &received, MemoryLayout<signalfd_siginfo>.size)
        end = Clock.boot() + Double(linger)
        LogLine.write(.info, "refreshing after SIGTERM", [("seconds", String(linger))])
    }
}
