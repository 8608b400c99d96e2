import ExchangeClient
import NIOPosix
import Synchronization

/// Runs jobs that may wait for the gateway, with a limit of concurrent ones. Jobs that wait in the queue share the
/// connections of those before them.
final class ExchangeQueue: Sendable {
    /// A job gets a connection only if it asks for one.
    typealias Job = @Sendable (_ connection: () throws(SidecarError) -> WorkerConnection) -> Void

    private struct State {
        var jobs: [Job] = []
        /// The first job that is not taken; taken ones are removed together.
        var next = 0
        var workers = 0

        mutating func take() -> Job? {
            guard next < jobs.count else {
                jobs = []
                next = 0
                workers -= 1
                return nil
            }
            next += 1
            return jobs[next - 1]
        }
    }

    private let pool: NIOThreadPool
    private let maximum: Int
    private let setting: GatewaySetting
    private let bundle = CABundleStore()
    private let idle: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maximum: of concurrent jobs, at most the number of threads of the pool.
    ///   - idle: called when no job is left.
    init(_ pool: NIOThreadPool, maximum: Int, _ setting: GatewaySetting, idle: @escaping @Sendable () -> Void) {
        (self.pool, self.maximum, self.setting, self.idle) = (pool, maximum, setting, idle)
    }

    func add(_ job: @escaping Job) {
        let starts = state.withLock { state in
            state.jobs.append(job)
            guard state.workers < maximum else { return false }
            state.workers += 1
            return true
        }
        if starts { pool.submit { _ in self.work() } }
    }

    private func work() {
        var connection: WorkerConnection?
        while let job = state.withLock({ $0.take() }) {
            job { () throws(SidecarError) -> WorkerConnection in
                if let connection { return connection }
                let opened = try WorkerConnection(setting, bundle)
                connection = opened
                return opened
            }
        }
        connection = nil
        if state.withLock({ $0.workers == 0 && $0.jobs.isEmpty }) { idle() }
    }
}
