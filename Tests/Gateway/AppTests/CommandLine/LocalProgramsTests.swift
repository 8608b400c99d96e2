import GatewayPluginAPI
import GatewayTestSupport
import Synchronization
import Testing

@testable import GatewayApp

@Suite("Programs that commands run", .hangs)
struct LocalProgramsTests {
    /// A clock that is ahead by that many seconds more with each reading.
    private final class HastyClock: Sendable {
        private let elapsed = Mutex(Duration.zero)
        private let step: Duration
        private let start = ContinuousClock.now

        init(step: Duration) { self.step = step }

        @Sendable func now() -> ContinuousClock.Instant {
            elapsed.withLock { elapsed in
                defer { elapsed += step }
                return start + elapsed
            }
        }
    }

    private func run(
        _ script: String, clock: HastyClock = HastyClock(step: .zero)
    ) async -> Result<[UInt8], ProgramError> {
        do throws(ProgramError) {
            let programs = LocalPrograms(environment: ["PATH": "/usr/bin:/bin"], now: clock.now)
            return .success(try await programs.run(["/bin/sh", "-c", script], timeout: 60, maximumBytes: 65_536))
        } catch {
            return .failure(error)
        }
    }

    @Test("A program that does not end within 60 s is ended")
    func timeout() async {
        #expect(await run("exec sleep 100000", clock: HastyClock(step: .seconds(25))) == .failure(.timedOut(60)))
        #expect("\(ProgramError.timedOut(60))" == "did not end within 60 s")
    }

    @Test("A program that ends in time is not asked how long it took")
    func inTime() async {
        #expect(await run("echo here") == .success(Array("here\n".utf8)))
        #expect(await run("exit 3") == .failure(.failed(3)))
    }

    @Test("64 KiB of output are read, and one byte more is an error, even if the program would write on")
    func output() async throws {
        #expect(try await run("head -c 65536 /dev/zero").get().count == 65_536)
        #expect(await run("head -c 65537 /dev/zero") == .failure(.tooLong(65_536)))
        #expect(await run("cat /dev/zero") == .failure(.tooLong(65_536)))
    }
}
