import Foundation
import GatewayTestSupport
import JOSE
import NIOHTTP1
import Testing

@Suite("The whole gateway: a changed configuration", .wholeProcesses)
struct ReloadAcceptanceTests {
    private func until(_ gateway: RunningGateway, _ condition: () async throws -> Bool) async throws {
        try await eventually(gateway.process.standardError, condition)
    }

    /// Replaces the configuration file, as an editor or the kubelet does.
    private func write(_ text: String, _ gateway: RunningGateway) throws {
        try gateway.folder.write(text, to: "gateway.yaml.new")
        let folder = gateway.folder.path
        guard rename("\(folder)/gateway.yaml.new", "\(folder)/gateway.yaml") == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
    }

    private func text(
        namespace: String = "default", limits: String = RunningGateway.patientLimits, adding: String = ""
    ) -> String {
        RunningGateway.configuration(
            review: RunningGateway.offlineReview, keyStore: "{directory: keys}", namespace: namespace, limits: limits,
            adding: adding)
    }

    private func count(_ result: String, _ gateway: RunningGateway) async throws -> Int {
        let line = "sts_config_reload_total{result=\"\(result)\"} "
        let metrics = try await gateway.send(.GET, "/metrics", admin: true).text
        return metrics.split(separator: "\n").first { $0.hasPrefix(line) }.flatMap { Int($0.dropFirst(line.count)) }
            ?? 0
    }

    /// A claim of an issued token.
    private func cluster(_ gateway: RunningGateway, _ token: String) async throws -> String {
        let parts = try await gateway.issued("/team/one", token).split(separator: ".")
        let payload = try #require(Base64URL.decode(String(parts[1])))
        struct Claims: Decodable {
            let cluster: String
        }
        return try JSONDecoder().decode(Claims.self, from: Data(payload)).cluster
    }

    private let third = """

          - name: three
            plugin: oidc
            audience: https://three.example.com
            path: /three
            issuer: {host: three.example.com}
            azRules: [{scope: filter, constraint: "(namespace=default)"}]
            subjectToken: {audiences: [sts-gateway.test.svc]}

        """

    @Test("An endpoint is added, changed and removed, while the others continue with their keys")
    func endpoints() async throws {
        try await RunningGateway.run { gateway in
            let token = try gateway.cluster.token(at: Date())
            let keys = try await gateway.send(.GET, "/team/one/certs").text
            #expect(try await gateway.exchange("/three", token).status == 404)

            try write(text() + third, gateway)
            try await until(gateway) { try await gateway.exchange("/three", token).status == 200 }
            #expect(try await gateway.exchange("/team/one", token).status == 200)
            #expect(try await gateway.send(.GET, "/team/one/certs").text == keys)
            let documents = try await gateway.send(.GET, "/three/certs").text

            try write(text(namespace: "elsewhere") + third, gateway)
            try await until(gateway) { try await gateway.exchange("/team/one", token).status == 400 }
            #expect(try await gateway.exchange("/three", token).status == 200)

            try write(text(), gateway)
            try await until(gateway) { try await gateway.exchange("/three", token).status == 404 }
            #expect(try await gateway.exchange("/team/one", token).status == 200)
            // Its tokens may still be valid: verifiers find the keys.
            #expect(try await gateway.send(.GET, "/three/certs").text == documents)
            try await until(gateway) { try await count("applied", gateway) == 3 }

            // The same name continues with the stored ring.
            try write(text() + third, gateway)
            try await until(gateway) { try await gateway.exchange("/three", token).status == 200 }
            #expect(try await gateway.send(.GET, "/three/certs").text == documents)
            #expect(try await gateway.stop().status == 0)
        }
    }

    @Test(
        "An invalid file changes nothing, is reported like config check, and a restart uses the last valid one"
    )
    func bad() async throws {
        try await RunningGateway.run { gateway in
            let token = try gateway.cluster.token(at: Date())
            try await until(gateway) {
                FileManager.default.fileExists(atPath: "\(gateway.folder.path)/keys/last-good-gateway.yaml")
            }
            let bad = text().replacing("cluster: acceptance", with: "cluster: changed").replacing(
                "path: /generic", with: "path: /team/one")
            try write(bad, gateway)
            try await until(gateway) { try await count("rejected", gateway) == 1 }
            #expect(try await cluster(gateway, token) == "acceptance")
            let ready = try await gateway.send(.GET, "/readyz?verbose", admin: true)
            #expect(ready.status == 200)
            let failed = "[-]configuration failed: configuration file is invalid (sts.endpoints[2].path: "
            #expect(ready.text.contains(failed))
            try await until(gateway) { gateway.process.standardError.contains("use a different path") }
            #expect(try await gateway.stop().status == 0)

            try await RunningGateway.run(folder: gateway.folder, configuration: bad, cluster: gateway.cluster) {
                again in
                #expect(try await cluster(again, token) == "acceptance")
                #expect(again.process.standardError.contains("started with the last valid one"))
                try write(text().replacing("cluster: acceptance", with: "cluster: mended"), again)
                try await until(again) { try await count("applied", again) == 1 }
                #expect(try await again.send(.GET, "/readyz?verbose", admin: true).text.contains("[+]configuration ok"))
                #expect(try await cluster(again, token) == "mended")
                #expect(try await again.stop().status == 0)
            }
        }
    }

    @Test("A change that requires a restart is reported, and nothing of that file is applied")
    func restart() async throws {
        try await RunningGateway.run { gateway in
            let token = try gateway.cluster.token(at: Date())
            try write(text(namespace: "elsewhere", limits: "{bodyBytes: 2048}", adding: "log: {level: debug}"), gateway)
            try await until(gateway) { try await count("needs_restart", gateway) == 1 }
            #expect(try await gateway.exchange("/team/one", token).status == 200)
            let ready = try await gateway.send(.GET, "/readyz?verbose", admin: true).text
            #expect(ready.contains("changes of limits, log require a restart of the gateway"))
            #expect(try await gateway.stop().status == 0)
        }
    }

    @Test("A gateway starts without endpoints, and issues once there is one")
    func empty() async throws {
        let nothing = """
            limits: \(RunningGateway.patientLimits)
            keyStore: {directory: keys}
            review: \(RunningGateway.offlineReview)
            sts: {endpoints: []}
            """
        try await RunningGateway.run(configuration: nothing) { gateway in
            #expect(try await gateway.send(.GET, "/readyz", admin: true).status == 200)
            #expect(try await gateway.exchange("/team/one", try gateway.cluster.token(at: Date())).status == 404)
            try write(text(), gateway)
            try await until(gateway) {
                try await gateway.exchange("/team/one", try gateway.cluster.token(at: Date())).status == 200
            }
            #expect(try await gateway.stop().status == 0)
        }
    }
}
