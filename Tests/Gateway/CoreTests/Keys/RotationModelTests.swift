import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import Testing

@Suite("The model of rotation")
struct RotationModelTests {
    /// `STS_MODEL_SEEDS=20000` runs more seeds than by default.
    static let seeds = ProcessInfo.processInfo.environment["STS_MODEL_SEEDS"].flatMap(UInt64.init) ?? 2_000

    @Test("Every cache can verify every token, no key is created twice, and none is removed too early")
    func promises() async throws {
        let activations = try await withThrowingTaskGroup(of: Int.self) { group in
            for part in UInt64(0)..<8 {
                // Yields to other tests, which wait for sockets.
                group.addTask(priority: .background) {
                    var activations = 0
                    for seed in stride(from: part, to: Self.seeds, by: 8) {
                        activations += try await Self.play(seed)
                    }
                    return activations
                }
            }
            return try await group.reduce(0, +)
        }
        // Without rotations no invariant could be violated.
        #expect(activations > Int(Self.seeds))
    }

    /// - Returns: the number of keys that have signed.
    private static func play(_ seed: UInt64) async throws -> Int {
        var model = try RotationModel(seed: seed)
        for tick in 0..<150 {
            do {
                try await model.tick()
            } catch {
                Issue.record("seed \(seed), tick \(tick): \(error)")
                throw error
            }
        }
        do {
            try await model.calmDown()
        } catch {
            Issue.record("seed \(seed), at the end: \(error)")
            throw error
        }
        return model.tokens.count
    }

    @Test(
        "The model finds an endless revocation, a lost ring, a wrong clock, times in the future, and a missing approval",
        arguments: RotationModel.Fault.allCases
    )
    func findsFault(_ fault: RotationModel.Fault) async throws {
        var breach: RotationModel.Breach?
        for seed in UInt64(0)..<1_000 where breach == nil {
            var model = try RotationModel(seed: seed, fault: fault)
            do {
                for _ in 0..<150 { try await model.tick() }
                try await model.calmDown()
            } catch let error as RotationModel.Breach {
                breach = error
            }
        }
        #expect(breach != nil, "\(fault) was not found")
    }

    @Test("The model finds a policy by which keys sign too early or are removed too early")
    func findsFaults() async throws {
        for (fault, adjust) in [
            ("no propagation", { (policy: inout RotationPolicy) in policy.propagation = 0 }),
            ("no leeway", { policy in policy.replicaWindow = -900 }),
        ] {
            var breach: RotationModel.Breach?
            for seed in UInt64(0)..<400 where breach == nil {
                var model = try RotationModel(seed: seed, adjust: adjust)
                do {
                    for _ in 0..<150 { try await model.tick() }
                } catch let error as RotationModel.Breach {
                    breach = error
                }
            }
            #expect(breach != nil, "\(fault) was not found")
        }
    }

    @Test("A thousand restarts create no more keys than rotations do")
    func restarts() async throws {
        var model = try RotationModel(seed: 1)
        for _ in 0..<1_000 {
            model.restart()
            try await model.tick()
        }
        #expect(model.store["one"]?.ring.keys.count ?? .max <= RotationPolicy.maximumKeys)
        #expect(model.seenKids.count <= model.triggers)
    }
}
