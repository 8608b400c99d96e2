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
