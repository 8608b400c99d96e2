import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import Testing

@Suite("Serving certificates, whatever happens")
struct ServingModelTests {
    /// `STS_MODEL_SEEDS=20000` tries more worlds than an ordinary run.
    static let seeds = ProcessInfo.processInfo.environment["STS_MODEL_SEEDS"].flatMap(UInt64.init) ?? 100

    @Test("No sidecar and no API server ever meets a leaf that it does not trust, and no leaf ends")
    func promises() async throws {
        let (activations, most) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for part in UInt64(0)..<4 {
                // Other tests wait for real sockets meanwhile, and go first.
                group.addTask(priority: .background) {
                    var result = (0, 0)
                    for seed in stride(from: part, to: Self.seeds, by: 4) {
                        await Task.yield()
                        let model = try Self.play(seed)
                        result = (result.0 + model.activations, max(result.1, model.most))
                    }
                    return result
                }
            }
            return try await group.reduce((0, 0)) { ($0.0 + $1.0, max($0.1, $1.1)) }
        }
        // A world in which nothing ever rotates would keep every promise.
        #expect(activations > Int(Self.seeds))
        #expect(most > 1 && most <= ServingIdentityDocument.maximumAuthorities)
    }

    private static func play(_ seed: UInt64) throws -> ServingModel {
        var model = try ServingModel(seed: seed)
        for tick in 0..<1_500 {
            do {
                try model.tick()
            } catch {
                Issue.record("seed \(seed), tick \(tick): \(error)")
                throw error
            }
        }
        return model
    }

    @Test(
        "The model finds a policy that lets an authority issue too early, or end too early, or a leaf end",
        arguments: ["no overlap", "no settling", "no renewal"])
    func findsFaults(fault: String) async throws {
        for seed in UInt64(0)..<400 {
            await Task.yield()
            var model = try ServingModel(seed: seed) { policy in
                switch fault {
                case "no overlap": policy.replicaWindow = -90_000
                case "no settling": policy.settling = 0
                default: policy.leafLifetime = 60_000
                }
            }
            do {
                for _ in 0..<1_500 { try model.tick() }
            } catch is ServingModel.Breach {
                return
            }
        }
        Issue.record("\(fault) was not found")
    }
}
