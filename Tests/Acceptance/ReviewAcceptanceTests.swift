import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import JOSE
import JSON
import NIOHTTP1
import Testing

@Suite("The whole gateway: review by the API server", .wholeProcesses)
struct ReviewAcceptanceTests {
    static let audience = "sts-gateway.test.svc"

    private func run(_ cluster: AcceptanceCluster, _ body: (RunningGateway) async throws -> Void) async throws {
        try await RunningGateway.run(
            review: "{kubeconfig: \"\(cluster.kubeconfig)\"}", namespace: cluster.namespace, body)
    }

    @Test("A Pod's token is exchanged on both wires, and rejected after the Pod has ended")
    func deletedPod() async throws {
        try await AcceptanceCluster.run { cluster in
            let uid = try await cluster.addWorkload(serviceAccount: "web", pod: "web-0")
            let token = try await cluster.token(
                serviceAccount: "web", pod: "web-0", uid: uid, audiences: [Self.audience])
            try await run(cluster) { gateway in
                let issued = try SignedJWT(parsing: try await gateway.issued("/team/one", token))
                let claims = try JSONDecoder().decode(JSONValue.self, from: Data(issued.payload))
                #expect(claims["sub"] == .string("acceptance:\(cluster.namespace):web"))
                #expect(claims["kubernetes.io"]?["pod"]?["uid"] == .string(uid))
                #expect(try await gateway.stock("/team/two/token/user", token).status == 200)

                try await cluster.deletePod("web-0")
                // The caches of the API server and the gateway are limited in time.
                var status = 200
                try await eventually(gateway.process.standardError) {
                    status = try await gateway.exchange("/team/one", token).status
                    return status != 200
                }
                #expect(status == 400)
            }
        }
    }

    @Test("An invalid token is rejected, by the API server or before the review")
    func refusals() async throws {
        try await AcceptanceCluster.run { cluster in
            let uid = try await cluster.addWorkload(serviceAccount: "web", pod: "web-0")
            func token(_ audiences: [String]) async throws -> String {
                try await cluster.token(serviceAccount: "web", pod: "web-0", uid: uid, audiences: audiences)
            }
            let good = try await token([Self.audience, "other"])
            try await run(cluster) { gateway in
                #expect(try await gateway.exchange("/team/one", good).status == 200)
                #expect(try await gateway.exchange("/team/one", try await token(["other"])).status == 400)
                let parts = good.split(separator: ".")
                let forged = "\(parts[0]).\(parts[1]).\(Base64URL.encode([UInt8](repeating: 1, count: 256)))"
                #expect(try await gateway.exchange("/team/one", forged).status == 400)
                let foreign = try TestCluster(key: TestKeys.rsa).token(at: Date()) { $0.namespace = cluster.namespace }
                #expect(try await gateway.exchange("/team/one", foreign).status == 400)
            }
        }
    }

    @Test("While the API server does not respond there is 503 with Retry-After, and tokens afterwards")
    func outage() async throws {
        try await AcceptanceCluster.run { cluster in
            guard let api = cluster.fake else { return }
            let uid = try await cluster.addWorkload(serviceAccount: "web", pod: "web-0")
            let token = try await cluster.token(
                serviceAccount: "web", pod: "web-0", uid: uid, audiences: [Self.audience])
            try await run(cluster) { gateway in
                api.fail(.status(500), next: 1, path: FakeKubernetesAPI.tokenReviews)
                let away = try await gateway.exchange("/team/one", token)
                #expect(away.status == 503)
                #expect(away.headers.first(name: "Retry-After").flatMap(Int.init).map { (1...60).contains($0) } == true)
                #expect(try await gateway.exchange("/team/one", token).status == 200)

                let metrics = try await gateway.send(.GET, "/metrics", admin: true).text
                #expect(metrics.contains(#"sts_tokenreview_total{result="failed"} 1"#))
                #expect(metrics.contains(#"sts_tokenreview_total{result="authenticated"} 1"#))
                let ended = try await gateway.stop()
                let audit = ended.output.split(separator: "\n")
                #expect(audit.count == 2)
                #expect(audit.last?.contains(#""decision":"issued""#) == true)
                for part in token.split(separator: ".").dropFirst() { #expect(!ended.output.contains(part)) }
            }
        }
    }
}
