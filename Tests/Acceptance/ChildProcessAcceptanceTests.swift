import Foundation
import Testing

@Suite("Programs that tests start", .wholeProcesses)
struct ChildProcessAcceptanceTests {
    private struct Failed: Error {}

    /// Whether a process exists, a zombie included.
    private func exists(_ identifier: pid_t) -> Bool { kill(identifier, 0) == 0 }

    /// Starts a program that never ends by itself and ignores SIGTERM.
    private func run(_ body: (pid_t, ChildProcess) async throws -> Void) async throws {
        try await ChildProcess.run(
            "/bin/bash", ["-c", "trap '' TERM; echo $$ >&2; while :; do read -r -t 3600 <> <(:); done"]
        ) { process in
            let line = try #require(await process.line { _ in true })
            try await body(try #require(pid_t(line)), process)
        }
    }

    @Test("A program has ended after its scope, also after an error")
    func scope() async throws {
        var started: [pid_t] = []
        try await run { identifier, _ in started.append(identifier) }
        await #expect(throws: Failed.self) {
            try await run { identifier, _ in
                started.append(identifier)
                #expect(exists(identifier))
                throw Failed()
            }
        }
        #expect(started.count == 2 && !started.contains(where: exists))
    }

    @Test("A program is killed when the task that waits for it is cancelled")
    func cancellation() async throws {
        try await run { _, process in
            let waiting = Task { await process.ended() }
            waiting.cancel()
            #expect(await waiting.value.status == 128 + SIGKILL)
        }
    }

    @Test("Programs that a program starts this way end when it is killed")
    func death() async throws {
        // Bash starts a child as these tests do, and is killed before it can end it.
        let start = ChildProcess.endingWithParent(0).dropLast().map { "'\($0)'" }.joined(separator: " ")
        let ended = try await ChildProcess.run(
            "/bin/bash", ["-c", "\(start) $$ sleep 3600 >&- 2>&- & echo $!; kill -KILL $$"])
        #expect(ended.status == 128 + SIGKILL)
        let child = try #require(pid_t(ended.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        try await eventually("") { !exists(child) }
    }
}
