import COpenSSL
import Glibc

/// Every place where the sidecar waits. SIGTERM and SIGINT end the process at each of them, in the middle of whatever
/// hangs: token files are whole at any time, so there is nothing to clean up but a temporary file, and the next start
/// does that.
struct Waiting {
    private let signals: Int32
    private let timer: Int32
    private let exitStatus: Int32

    /// - Parameter exitStatus: the process's when it is told to end: 0, or 143 where its work is then undone.
    init(exitStatus: Int32) throws(SidecarError) {
        self.exitStatus = exitStatus
        signal(SIGPIPE, SIG_IGN)
        // While names are looked up the signals are let through; process 1 of a container has no default actions.
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

    /// Runs what blocks and cannot be polled for.
    func interruptibly<Result>(_ body: () -> Result) -> Result {
        var set = Self.signalSet()
        sigprocmask(SIG_UNBLOCK, &set, nil)
        defer { sigprocmask(SIG_BLOCK, &set, nil) }
        return body()
    }

    /// Sleeps without waking up in between; a suspended machine's sleep counts.
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
    func ready(_ socket: Int32, events: Int16, until deadline: Double) throws(SidecarError) {
        let left = deadline - Clock.boot()
        guard left > 0, poll([socket], events: events, milliseconds: Int32(min(left * 1000 + 1, 3_600_000))) else {
            throw SidecarError("no answer in time")
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
