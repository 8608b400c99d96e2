import GatewayCore
import LocalFiles
import Logging
import ServiceLifecycle

/// Elects one leader among the processes of one machine by an exclusive lock on `leader.lock` in a directory. The
/// kernel releases it when its process dies.
struct DirectoryElection: Service {
    private let path: String
    private let leadership: Leadership
    private let scheduler: Scheduler
    private let logger: Logger

    static let fileName = "leader.lock"

    /// Seconds between two attempts, and between two checks whether the locked file is still the one in the directory.
    static let interval = 1.0

    init(directory: String, leadership: Leadership, scheduler: Scheduler, logger: Logger) {
        path = "\(directory)/\(Self.fileName)"
        self.leadership = leadership
        self.scheduler = scheduler
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await contend() }
    }

    private func contend() async {
        var lock: FileLock?
        var log = FailureLog("election failed", level: .warning, logger: logger)
        while !Task.isCancelled {
            if let held = lock, !held.isInPlace {
                // Another process can lock the new file.
                leadership.stepDown()
                logger.notice("leadership lost", metadata: ["lock": "\(path)", "reason": "the file was removed"])
                lock = nil
            }
            if lock != nil, !leadership.canLead {
                leadership.stepDown()
                logger.notice(
                    "leadership lost", metadata: ["lock": "\(path)", "reason": "this replica's clock is wrong"])
                lock = nil
            }
            if lock == nil, leadership.canLead {
                do {
                    lock = try FileLock(trying: path, permissions: 0o600)
                    log.succeed()
                    if lock != nil {
                        leadership.lead(until: .infinity)
                        logger.notice("leader elected", metadata: ["lock": "\(path)"])
                    }
                } catch {
                    log.fail("\(error); grant the gateway's user write access to it", code: .election)
                }
            }
            try? await scheduler.sleep(Self.interval)
        }
        // Before the lock is released.
        leadership.stepDown()
        withExtendedLifetime(lock) {}
    }
}
