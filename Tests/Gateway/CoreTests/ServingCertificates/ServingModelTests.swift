import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import Testing

@Suite("The model of serving certificates")
struct ServingModelTests {
    /// `STS_MODEL_SEEDS=20000` runs more seeds than by default.
    static let seeds = ProcessInfo.processInfo.environment["STS_MODEL_SEEDS"].flatMap(UInt64.init) ?? 100

    @Test("Sidecars and API servers trust every certificate that they are served, and no certificate expires")
    func promises() async throws {
        let (activations, most) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for part in UInt64(0)..<4 {
                // Yields to other tests, which wait for sockets.
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
        // Without rotations no invariant could be violated.
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
        "The model finds a policy by which a CA issues too early or is removed too early, or a certificate expires",
        arguments: ["no overlap", "no propagation", "no renewal"])
    func findsFaults(fault: String) async throws {
        for seed in UInt64(0)..<400 {
            await Task.yield()
            var model = try ServingModel(seed: seed) { policy in
                switch fault {
                case "no overlap": policy.replicaWindow = -90_000
                case "no propagation": policy.propagation = 0
                default: policy.certificateLifetime = 60_000
                }
            }
            do {
                for _ in 0..<1_500 { try model.tick() }
            } catch is ServingModel.Breach {
                return
            }
        }
        Issue.record("\(fault): not found")
    }

    @Test("The model finds a leader that acts although its clock is hours behind or ahead")
    func findsWrongClock() async throws {
        for seed in UInt64(0)..<400 {
            await Task.yield()
            var model = try ServingModel(seed: seed, trustsEveryClock: true)
            do {
                for _ in 0..<1_500 { try model.tick() }
            } catch is ServingModel.Breach {
                return
            }
        }
        Issue.record("a wrong clock was not found")
    }
}
