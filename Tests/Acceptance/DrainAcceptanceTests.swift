import Foundation
import GatewayTestSupport
import NIOHTTP1
import Testing

@Suite("The whole gateway: graceful termination", .wholeProcesses)
struct DrainAcceptanceTests {
    @Test("On SIGTERM it becomes unready and continues to serve, and asks clients to open new connections")
    func drain() async throws {
        // Longer than the test; the scope ends the program.
        try await RunningGateway.run(limits: "{readTimeout: 600s, drainDelay: 300s}") { gateway in
            let token = try gateway.cluster.token(at: Date())
            #expect(try await gateway.exchange("/team/two", token).headers["connection"].isEmpty)
            gateway.process.signal(SIGTERM)
            try await eventually(gateway.process.standardError) {
                try await gateway.send(.GET, "/readyz", admin: true).status == 503
            }
            let ready = try await gateway.send(.GET, "/readyz", admin: true)
            #expect(ready.status == 503)
            #expect(ready.text.contains("[-]shutdown failed: the gateway is stopping"))
            let multiplexed = try await ChildProcess.run(
                "/usr/bin/curl",
                [
                    "-sS", "--noproxy", "*", "--http2", "--cacert", "\(gateway.folder.path)/keys/serving-ca.pem", "-o",
                    "/dev/null", "-w", "%{http_code} %{http_version}",
                    "https://127.0.0.1:\(gateway.port)/generic/certs",
                ])
            #expect(multiplexed.output == "200 2", "HTTP/2 has no such field: \(multiplexed.errors)")
            for _ in 0..<10 {
                let answer = try await gateway.exchange("/team/two", token)
                #expect(answer.status == 200)
                // The next connection of the client is to another replica.
                #expect(answer.headers["connection"] == ["close"])
            }
        }
    }

    @Test("It ends with 0 after drainDelay")
    func end() async throws {
        try await RunningGateway.run(limits: "{drainDelay: 1s}") { gateway in
            let ended = try await gateway.stop()
            #expect(ended.status == 0)
            #expect(ended.errors.contains("\"message\":\"stopped\""))
        }
    }
}
