import Crypto
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("Rotations by age, spread over time")
struct RotationSpreadTests {
    private static let endpoints = 500
    private static let hour = 3_600.0

    private let policy: RotationPolicy

    init() throws {
        policy = try ExampleEndpoint.configuration([
            .init("token", ["algorithm": "ES256"]), .init("rotation", ["every": "30d", "propagation": "2h"]),
        ]).rotationPolicy
    }

    /// Rings whose first keys were created in the same second.
    private func rings(seed: UInt64) throws -> [KeyRing] {
        var random = SeededRandom(seed: seed)
        return try (0..<Self.endpoints).map { index in
            KeyRing(endpoint: "endpoint-\(index)", owner: "owner", revision: 0, keys: [])
                .adding(
                    try key(&random), certificate: try ExampleEndpoint.certificate(), at: ExampleEndpoint.now,
                    policy: policy)
        }
    }

    private func key(_ random: inout SeededRandom) throws -> SigningKey {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return try SigningKey(
            pem: try P256.Signing.PrivateKey(rawRepresentation: bytes).pemRepresentation, algorithm: .es256)
    }

    /// How many of these rotations begin in each hour, by the hours since the start.
    private func rotations(_ dues: [Date]) -> [Int: Int] {
        Dictionary(grouping: dues) { Int($0.timeIntervalSince(ExampleEndpoint.now) / Self.hour) }.mapValues(\.count)
    }

    @Test("Of 500 endpoints that were created together no hour has more than 5 % of the rotations", arguments: 0..<4)
    func spread(seed: UInt64) throws {
        var random = SeededRandom(seed: seed + 100)
        var rings = try rings(seed: seed)
        var dues: [Date] = []
        for index in rings.indices {
            // As the leader does it: it waits until the time that the ring names, and asks again.
            guard
                case .wait(.age, until: let until?) = rings[index].nextStep(
                    at: ExampleEndpoint.now, policy: policy, evidence: nil)
            else {
                Issue.record("a new ring does not wait for its age")
                continue
            }
            #expect(rings[index].nextStep(at: until, policy: policy, evidence: nil) == .addKey(.age))
            dues.append(until)
        }
        let first = rotations(dues)
        #expect(dues.count == Self.endpoints && first.count > 60)
        #expect(first.values.max() ?? 0 <= Self.endpoints / 20)
        #expect(first.keys.allSatisfy { (27 * 24...30 * 24).contains($0) })

        // The next rotation is at least as spread: each key has a place of its own in its tenth.
        for index in rings.indices {
            let (new, at) = (try key(&random), dues[index])
            let later = at.addingTimeInterval(2 * Self.hour)
            rings[index] = rings[index].adding(
                new, certificate: try ExampleEndpoint.certificate(), at: at, policy: policy)
            for step in [RotationStep.markPublished(new.keyID, at: at), .activate(new.keyID)] {
                rings[index] = try #require(rings[index].applying(step, at: later, policy: policy))
            }
        }
        let second = rotations(rings.compactMap { $0.active.map(policy.due) })
        #expect(second.values.reduce(0, +) == Self.endpoints && second.count > 90)
        #expect(second.values.max() ?? 0 <= Self.endpoints / 20)
    }
}
