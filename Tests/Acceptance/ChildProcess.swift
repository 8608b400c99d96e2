import Foundation
import Synchronization

/// A program that runs during the test; its output is recorded.
///
/// It ends with the scope that started it, with the task that waits for it, and with the test process, however that
/// ends. Foundation's `Process` would pass the pipes of other children and the signals that its own threads block to
/// the child, so that a child neither ends on SIGTERM nor seems to end.
final class ChildProcess: Sendable {
    struct Ended: Sendable {
        /// The exit status; 128 and the signal's number where a signal ended it.
        let status: Int32
        let output: String
        let errors: String
    }

    struct CannotStart: Error {
        let program: String
        let code: Int32
    }

    private static let starting = Mutex(())

    private let identifier: pid_t
    private let output: KeptOutput
    private let errors: KeptOutput
    private let end: Ending

    private init(identifier: pid_t, output: KeptOutput, errors: KeptOutput, end: Ending) {
        self.identifier = identifier
        self.output = output
        self.errors = errors
        self.end = end
    }

    /// Starts a program, runs `body`, and ends the program if it still runs.
    static func run<Value>(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        workingDirectory: String? = nil, _ body: (ChildProcess) async throws -> Value
    ) async throws -> Value {
        let process = try await start(
            endingWithParent(getpid()) + (workingDirectory.map { ["env", "-C", $0] } ?? []) + [program] + arguments,
            environment: environment)
        do {
            let value = try await body(process)
            await process.kill()
            return value
        } catch {
            await process.kill()
            throw error
        }
    }

    /// Runs a program until it ends.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], workingDirectory: String? = nil
    ) async throws -> Ended {
        try await run(program, arguments, environment: environment, workingDirectory: workingDirectory) {
            await $0.ended()
        }
    }

    var standardError: String { errors.text }

    var standardOutput: String { output.text }

    func signal(_ signal: Int32) { end.whileRunning { Foundation.kill(identifier, signal) } }

    /// Waits until the program ends.
    func ended() async -> Ended {
        await killingAtDeadline {
            let status = await end.wait()
            return Ended(status: status, output: await output.all(), errors: await errors.all())
        }
    }

    /// The first line of standard error that satisfies the condition; nil where the program ends before there is one.
    func line(where condition: @Sendable (String) -> Bool) async -> String? {
        await killingAtDeadline { await errors.line(where: condition) }
    }

    /// Kills the program where the waiting task is cancelled, or where `body` hangs.
    private func killingAtDeadline<Value>(_ body: () async -> Value) async -> Value {
        let deadline = Task {
            try await Task.sleep(for: hangDeadline)
            signal(SIGKILL)
        }
        defer { deadline.cancel() }
        return await withTaskCancellationHandler {
            await body()
        } onCancel: {
            signal(SIGKILL)
        }
    }

    private func kill() async {
        signal(SIGKILL)
        _ = await end.wait()
    }

    /// What starts a program so that the kernel kills it when its parent ends, even by SIGKILL. A parent that has ended
    /// before the kernel was asked is not the parent any more, so the program is not started.
    ///
    /// - Parameter parent: the process that starts it; the death signal follows the thread that does.
    static func endingWithParent(_ parent: pid_t) -> [String] {
        ["setpriv", "--pdeathsig", "KILL", "--", "/bin/sh", "-c", #"[ $PPID = "$0" ] && exec "$@""#, "\(parent)"]
    }

    private static func start(_ arguments: [String], environment: [String: String]) async throws -> ChildProcess {
        let environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map {
            "\($0.key)=\($0.value)"
        }
        let (outputRead, outputWrite) = try pipe()
        let (errorRead, errorWrite) = try pipe()
        let end = Ending()
        let identifier = try await withCheckedThrowingContinuation { (started: CheckedContinuation<pid_t, any Error>) in
            // The death signal follows the thread that starts the child: this one lives as long as the child does.
            Thread.detachNewThread {
                let result = Result {
                    try starting.withLock { _ in
                        try spawn(arguments, environment, output: outputWrite, errors: errorWrite)
                    }
                }
                close(outputWrite)
                close(errorWrite)
                started.resume(with: result)
                guard case .success(let identifier) = result else { return }
                end.waitForChild(identifier)
            }
        }
        return ChildProcess(
            identifier: identifier, output: KeptOutput(outputRead), errors: KeptOutput(errorRead), end: end)
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        // No child starts between the pipe's creation and its close-on-exec flags.
        try starting.withLock { _ in
            guard Foundation.pipe(&ends) == 0 else { throw CannotStart(program: "pipe", code: errno) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String], output: Int32, errors: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let argumentPointers = arguments.map { strdup($0) } + [nil]
        let environmentPointers = environment.map { strdup($0) } + [nil]
        defer { (argumentPointers + environmentPointers).forEach { free($0) } }
        var identifier: pid_t = 0
        let code = posix_spawnp(&identifier, arguments[0], &actions, &attributes, argumentPointers, environmentPointers)
        guard code == 0 else { throw CannotStart(program: arguments[0], code: code) }
        return identifier
    }
}

/// The end of a child process, which several tasks can await.
private final class Ending: Sendable {
    private struct State {
        var status: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    private let state = Mutex(State())

    /// Blocks until the child has ended, and resumes all waiting tasks.
    func waitForChild(_ identifier: pid_t) {
        var information = siginfo_t()
        // The zombie stays until no signal can be sent to it any more: its identifier is not reused before.
        while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
        let waiters = state.withLock { state in
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
            state.status = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
            defer { state.waiters = [] }
            return (state.waiters, state.status ?? 0)
        }
        waiters.0.forEach { $0.resume(returning: waiters.1) }
    }

    func whileRunning(_ body: () -> Void) {
        state.withLock { state in if state.status == nil { body() } }
    }

    func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = state.withLock { state in
                if state.status == nil { state.waiters.append(continuation) }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }
}
