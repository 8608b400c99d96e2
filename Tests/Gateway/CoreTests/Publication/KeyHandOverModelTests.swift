import GatewayCore
import GatewayTestSupport
import Testing

@Suite("The model of key hand-over")
struct KeyHandOverModelTests {
    @Test("Every verifier can verify every token, and the party holds no revoked key at the end")
    func promises() async throws {
        var activations = 0
        for seed in UInt64(0)..<400 {
            var model = try KeyHandOverModel(seed: seed)
            do {
                for _ in 0..<150 { try await model.tick() }
                try await model.calmDown()
            } catch {
                Issue.record("seed \(seed): \(error)")
                throw error
            }
            activations += model.activations
        }
        // Without rotations no invariant could be violated.
        #expect(activations > 400)
    }

    @Test("The model finds each fault", arguments: KeyHandOverModel.Fault.allCases)
    func finds(fault: KeyHandOverModel.Fault) async throws {
        var breach: KeyHandOverModel.Breach?
        for seed in UInt64(0)..<1_000 where breach == nil {
            var model = try KeyHandOverModel(seed: seed, fault: fault)
            do {
                for _ in 0..<150 { try await model.tick() }
                try await model.calmDown()
            } catch let error as KeyHandOverModel.Breach {
                breach = error
            }
        }
        #expect(breach != nil, "\(fault) was not found")
    }
}
