import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JOSE
import JSON

/// A status report whose texts from outside contain markup and control characters.
enum ExampleReport {
    static let hostile = "<script>alert(1)</script> \"a\" & 'b' \u{1B}[2J \u{202E}txt"
    static let now = ExampleEndpoint.now

    static func report(_ endpoints: [StatusReport.Endpoint]) -> StatusReport {
        StatusReport(
            version: "1.2.3", cluster: "test", time: now, started: now.addingTimeInterval(-7_200), replica: "sts-1",
            isLeading: false,
            checks: [.init(name: "clock", problem: .init(text: hostile, code: .clock, since: now))],
            replicas: .init(
                leader: "sts-2",
                all: [.init(name: "sts-2", isReady: true, isLeader: true, isThis: false, started: now)]),
            endpoints: endpoints,
            failures: [
                .init(
                    level: "error", message: "publication failed", code: "STS1502", endpoint: "one", reason: hostile,
                    first: now, last: now, count: 3)
            ],
            exchanges: [
                .init(outcome: "issued", minutes: Array(repeating: 0, count: 59) + [5]),
                .init(outcome: "denied", minutes: Array(repeating: 0, count: 60)),
            ],
            reviews: [.init(outcome: "injected", minutes: Array(repeating: 1, count: 60))],
            uninjected: [.init(endpoint: "one", reason: "missing", count: 2)])
    }

    /// An endpoint with an active key and its successor, which is published since an hour.
    static func endpoint(
        problems: [StatusReport.Problem] = [], settings: [JSONValue.Member] = []
    ) throws -> StatusReport.Endpoint {
        let configuration = try ExampleEndpoint.configuration(
            [.init("token", ["algorithm": "ES256"]), .init("rotation", ["propagation": "2h"])] + settings)
        let policy = configuration.rotationPolicy
        let key = try SigningKey.generate(.es256)
        let start = now.addingTimeInterval(-3_600)
        let ring = try ExampleEndpoint.ring(TestKeys.ec).adding(
            key, certificate: try ExampleEndpoint.certificate(), at: start, policy: policy)
        let published = ring.applying(.markPublished(key.keyID, at: start), at: start, policy: policy) ?? ring
        return StatusReport.Endpoint(
            configuration, snapshot: SigningKeySnapshot(ring: published, of: configuration), ring: published,
            problems: problems, status: PublicationStatus(location: "/srv/issuer/one"),
            calls: [.init(outcome: "issued", minutes: [7])], at: now)
    }
}
