import COpenSSL
import Glibc

/// Waits for sockets, the timer and signals with poll(2). SIGTERM and SIGINT end the process at each wait. Token files
/// are complete at any time, so only a temporary file can remain, which the next start removes.
struct Poller {
    private let signals: Int32
    private let timer: Int32
    private let exitStatus: Int32

    /// - Parameter exitStatus: the exit status after SIGTERM or SIGINT: 0, or 143 if the work is then incomplete.
    init(exitStatus: Int32) throws(SidecarError) {
        self.exitStatus = exitStatus
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
        guard signals >= 0, timer >= 0 else { throw .system("signalfd or timerfd failed") }
    }

    private static func signalSet() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }

    /// Runs a blocking call that cannot be polled, with the signals unblocked.
    func withSignalsUnblocked<Result>(_ body: () -> Result) -> Result {
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
        let left = deadline - Clock.boot()
        guard left > 0, poll([socket], events: events, milliseconds: Int32(min(left * 1000 + 1, 3_600_000))) else {
            throw SidecarError("timed out")
        }
    }

    /// - Returns: whether a descriptor is ready.
    @discardableResult
    private func poll(_ descriptors: [Int32], events: Int16, milliseconds: Int32) -> Bool {
        var polled = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
        polled += descriptors.map { pollfd(fd: $0, events: events, revents: 0) }
        let count = Glibc.poll(&polled, nfds_t(polled.count), milliseconds)
        if count > 0, polled[0].revents != 0 { exit(exitStatus) }
        return count > 0
    }
}
