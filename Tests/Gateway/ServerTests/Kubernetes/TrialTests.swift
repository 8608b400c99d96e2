import FakeKubernetesAPI
import Testing

@testable import GatewayServer

@Suite("Trial", .timeLimit(.minutes(1)))
struct TrialTests {
    @Test("cancel") func cancel() async throws {
        try await StoodInCluster.run { cluster in
            let task = Task {
                try await cluster.collection().watch(
                    selector: nil, from: cluster.api.resourceVersion, seconds: 20) { _ in }
            }
            await cluster.api.waitForWatches(1)
            try await Task.sleep(for: .seconds(1))
            let begun = ContinuousClock.now
            task.cancel()
            let result = await task.result
            print("XX ended after", ContinuousClock.now - begun, result)
        }
    }
}
