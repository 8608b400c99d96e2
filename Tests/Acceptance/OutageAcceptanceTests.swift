import AsyncHTTPClient
import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import JSON
import NIOCore
import NIOHTTP1
import Testing

@Suite("The whole gateway: without an API server", .wholeProcesses)
struct OutageAcceptanceTests {
    @Test(
        "It starts without the API server: it is alive, unready without a certificate, and serves immediately after"
    )
    func away() async throws {
        try await FakeKubernetesAPI.run(clock: { Date() }, sleep: FakeKubernetesAPI.realTime) { api in
            try api.addNamespace("sts")
            let folder = try TemporaryFolder()
            let configuration = RunningGateway.configuration(
                review: "{kubeconfig: \"\(api.kubeconfig.path)\"}", keyStore: "{kind: kubernetes}",
                namespace: "default", adding: "")
            try folder.write(configuration, to: "gateway.yaml")
            api.fail(.status(503), next: 1_000_000)
            try await ChildProcess.run(
                Place.gateway, RunningGateway.serve(folder),
                environment: ["POD_NAMESPACE": "sts", "POD_NAME": "gateway-0"]
            ) { process in
                let port = try #require(await RunningGateway.port("admin", process))
                func get(_ path: String) async throws -> (UInt, String) {
                    let answer = try await HTTPClient.shared.execute(
                        HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(600))
                    return (answer.status.code, String(buffer: try await answer.body.collect(upTo: 1 << 20)))
                }
                #expect(try await get("/livez").0 == 200)
                let (status, text) = try await get("/readyz")
                #expect(status == 503)
                #expect(text.contains("[-]tls failed: "))
                api.clearFaults()
                // A backoff of 30 s at most, and a new Lease.
                try await eventually(process.standardError) { try await get("/readyz").0 == 200 }
                #expect(await RunningGateway.port("tokens", process) != nil)
                #expect(await RunningGateway.port("webhook", process) != nil)
                try await eventually(process.standardError) {
                    try await !get("/readyz?verbose").1.contains("[-]keyring/")
                }
                // What could not be stored at the start is stored now.
                try await eventually(process.standardError) {
                    api.object(.secrets, namespace: "sts", name: "sts-gateway-configuration") != nil
                }
                process.signal(SIGTERM)
                #expect(await process.ended().status == 0)
            }
        }
    }
}
