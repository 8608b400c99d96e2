import FoundationEssentials
import Kubernetes
import KubernetesTestSupport

@testable import GatewayServer

typealias TestScheduler = ManualScheduler

extension ManualScheduler {
    var scheduler: Scheduler {
        Scheduler(
            now: { [self] in now }, monotonic: { [self] in time }, random: { [random] in random },
            sleep: { [self] in try await sleep($0) })
    }
}

extension ManualScheduler {
    /// A comparison with a server whose clock this one is ahead of by so many seconds.
    func comparison(ahead: Double) -> ClockComparison {
        let comparison = ClockComparison(
            server: ServerClock(), scheduler: scheduler, isSynchronized: { false })
        compare(comparison, ahead: ahead)
        return comparison
    }

    /// The server answers with such a time, often enough that earlier answers do not count.
    func compare(_ comparison: ClockComparison, ahead: Double) {
        for _ in 0..<5 {
            comparison.server.record(
                date: HTTPDate().text(now.addingTimeInterval(-ahead)), sent: time, received: time)
        }
    }
}
