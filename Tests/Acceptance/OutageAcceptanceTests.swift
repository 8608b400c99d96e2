import AsyncHTTPClient
import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import NIOCore
import NIOHTTP1
import Testing

@Suite("The whole gateway: without an API server")
struct OutageAcceptanceTests {
    private struct NeverTrue: Error {
        let log: String
    }

    @Test(
        "It starts while the API server is away: it lives, is unready for want of a certificate, and serves at once after"
    )
    func away() async throws {
        try await FakeKubernetesAPI.run(clock: { Date() }) { api in
            try api.addNamespace("sts")
            let folder = try TemporaryFolder()
            let configuration = RunningGateway.configuration(
                review: "{kubeconfig: \"\(api.kubeconfig.path)\"}", keyStore: "{kind: kubernetes}",
                namespace: "default", adding: "")
            try folder.write(configuration, to: "gateway.yaml")
            api.fail(.status(503), next: 1_000_000)
            let process = try ChildProcess(
                Place.gateway,
                [
                    "serve", "--config", "\(folder.path)/gateway.yaml", "--plugins",
                    "\(Place.repository)/plugins.json", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
                    "--webhook-listen", "127.0.0.1:0",
                ], environment: ["POD_NAMESPACE": "sts", "POD_NAME": "gateway-0"])
            let port = try #require(await RunningGateway.port("admin", process))
            func get(_ path: String) async throws -> (UInt, String) {
                let answer = try await HTTPClient.shared.execute(
                    HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(10))
                return (answer.status.code, String(buffer: try await answer.body.collect(upTo: 1 << 20)))
            }
            #expect(try await get("/livez").0 == 200)
            let (status, text) = try await get("/readyz")
            #expect(status == 503)
            #expect(text.contains("[-]tls failed: "))
            api.clearFaults()
            // A backoff of 30 s at most, and a new Lease.
            let clock = ContinuousClock()
            let end = clock.now + .seconds(60)
            while try await get("/readyz").0 != 200 {
                guard clock.now < end else { throw NeverTrue(log: process.standardError) }
                try await clock.sleep(for: .milliseconds(100))
            }
            #expect(await RunningGateway.port("tokens", process) != nil)
            #expect(await RunningGateway.port("webhook", process) != nil)
            while try await get("/readyz?verbose").1.contains("[-]keyring/") {
                guard clock.now < end else { throw NeverTrue(log: process.standardError) }
                try await clock.sleep(for: .milliseconds(100))
            }
            // What could not be kept at the start is kept since.
            while api.object(.secrets, namespace: "sts", name: "sts-gateway-configuration") == nil {
                guard clock.now < end else { throw NeverTrue(log: process.standardError) }
                try await clock.sleep(for: .milliseconds(100))
            }
            process.signal(SIGTERM)
            #expect(await process.ended().status == 0)
        }
    }
}
