import Foundation
import Synchronization

/// A program that runs beside the test; everything it prints is kept.
///
/// Foundation's `Process` would hand on the pipes of other children and the signals that its own threads block, so
/// that a child neither ends on SIGTERM nor seems to end; this one hands on nothing.
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
    private let end = Ending()

    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], workingDirectory: String? = nil
    ) throws {
        let environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map {
            "\($0.key)=\($0.value)"
        }
        let arguments =
            workingDirectory.map { ["/usr/bin/env", "-C", $0, program] + arguments } ?? [program] + arguments
        // One at a time: between a pipe's making and its mark to be closed, no other child may be made.
        let started = try Self.starting.withLock { _ in
            let (outputRead, outputWrite) = try Self.pipe()
            let (errorRead, errorWrite) = try Self.pipe()
            defer {
                close(outputWrite)
                close(errorWrite)
            }
            let identifier = try Self.spawn(arguments, environment, output: outputWrite, errors: errorWrite)
            return (identifier: identifier, output: outputRead, errors: errorRead)
        }
        identifier = started.identifier
        output = KeptOutput(started.output)
        errors = KeptOutput(started.errors)
        Thread.detachNewThread { [identifier, end] in
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
            end.set(status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F))
        }
    }

    deinit { if end.status == nil { kill(identifier, SIGKILL) } }

    var standardError: String { errors.text }

    func signal(_ signal: Int32) { if end.status == nil { kill(identifier, signal) } }

    /// Waits for the end.
    func ended() async -> Ended {
        let status = await end.wait()
        return Ended(status: status, output: await output.all(), errors: await errors.all())
    }

    /// The first line of standard error that satisfies the condition; nil where the program ends before there is one.
    func line(where condition: @Sendable (String) -> Bool) async -> String? { await errors.line(where: condition) }

    /// Runs a program to its end.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], workingDirectory: String? = nil
    ) async throws -> Ended {
        try await ChildProcess(
            program, arguments, environment: environment, workingDirectory: workingDirectory
        ).ended()
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else { throw CannotStart(program: "pipe", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
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
        let code = posix_spawn(&identifier, arguments[0], &actions, &attributes, argumentPointers, environmentPointers)
        guard code == 0 else { throw CannotStart(program: arguments[0], code: code) }
        return identifier
    }
}

/// A program's end, awaited by many.
private final class Ending: Sendable {
    private struct State {
        var status: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    private let state = Mutex(State())

    var status: Int32? { state.withLock { $0.status } }

    func set(_ status: Int32) {
        let waiters = state.withLock { state in
            state.status = status
            defer { state.waiters = [] }
            return state.waiters
        }
        waiters.forEach { $0.resume(returning: status) }
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
