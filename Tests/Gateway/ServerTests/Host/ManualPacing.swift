import KubernetesTestSupport

@testable import GatewayServer

typealias ManualPacing = ManualScheduler

extension ManualScheduler {
    var pacing: Pacing {
        Pacing(
            now: { [self] in now }, monotonic: { [self] in time }, random: { [random] in random },
            sleep: { [self] in try await sleep($0) })
    }
}
