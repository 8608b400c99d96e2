import Foundation
import GatewayTestSupport
import NIOHTTP1
import Testing

@Suite("The whole gateway: told to stop")
struct DrainAcceptanceTests {
    @Test("It is unready at once, serves on until others have heard of it, and ends with 0")
    func drain() async throws {
        let gateway = try await RunningGateway(adding: "limits: {drainDelay: 8s}")
        let token = try gateway.cluster.token(at: Date())
        #expect(try await gateway.exchange("/team/two", token).headers["connection"].isEmpty)
        let clock = ContinuousClock()
        let told = clock.now
        gateway.process.signal(SIGTERM)
        while try await gateway.send(.GET, "/readyz", admin: true).status == 200 {
            try #require(clock.now < told + .seconds(5))
        }
        let ready = try await gateway.send(.GET, "/readyz", admin: true)
        #expect(ready.status == 503)
        #expect(ready.text.contains("[-]shutdown failed: the gateway is ending"))
        let multiplexed = try await ChildProcess.run(
            "/usr/bin/curl",
            [
                "-sS", "--noproxy", "*", "--http2", "--cacert", "\(gateway.folder.path)/keys/serving-ca.pem", "-o",
                "/dev/null", "-w", "%{http_code} %{http_version}", "https://127.0.0.1:\(gateway.port)/generic/certs",
            ])
        #expect(multiplexed.output == "200 2", "HTTP/2 knows no such field: \(multiplexed.errors)")
        for _ in 0..<10 {
            let answer = try await gateway.exchange("/team/two", token)
            #expect(answer.status == 200)
            // Its client's next connection is to another replica.
            #expect(answer.headers["connection"] == ["close"])
        }
        #expect(try await gateway.stop().status == 0)
        #expect(clock.now >= told + .seconds(8))
    }
}
