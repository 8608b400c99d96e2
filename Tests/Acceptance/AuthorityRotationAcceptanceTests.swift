import Foundation
import GatewayTestSupport
import HTTPTypes
import JSON
import NIOHTTP1
import Testing

@testable import GatewayCore
@testable import GatewayServer

/// In real time: a CA is announced for the maximum token lifetime, which is at least a minute.
@Suite(
    "The whole gateway: CA rotation while sidecars run",
    .enabled(if: ProcessInfo.processInfo.environment["STS_ACCEPTANCE_SLOW"] != nil, "takes minutes; run: make soak"))
struct AuthorityRotationAcceptanceTests {
    private func until(_ gateway: RunningGateway, _ condition: () async throws -> Bool) async throws {
        try await eventually(gateway.process.standardError, condition)
    }

    private static func certificates(_ bundle: String) -> Int {
        bundle.components(separatedBy: "BEGIN CERTIFICATE").count - 1
    }

    @Test("A sidecar with the former CA refreshes during the whole rotation without a failure")
    func rotation() async throws {
        try await AcceptanceCluster.run { cluster in
            let configuration = """
                review: {kubeconfig: "\(cluster.kubeconfig)"}
                tls: {names: [localhost], overlap: 20s}
                sts:
                  endpoints:
                  - name: generic
                    plugin: oidc
                    audience: https://one.example.com
                    issuer: {host: generic.example.com}
                    token: {ttl: 60s, algorithm: ES256}
                    azRules: [{scope: filter, constraint: "(namespace=\(cluster.namespace))"}]
                    subjectToken: {audiences: [\(ReviewAcceptanceTests.audience)]}
                """
            try await RunningGateway.run(
                configuration: configuration, keyStore: "{kind: kubernetes}",
                environment: ["POD_NAMESPACE": cluster.namespace, "POD_NAME": "gateway-0"]
            ) { gateway in
                try await rotate(cluster, gateway)
                #expect(try await gateway.stop().status == 0)
            }
        }
    }

    private func rotate(_ cluster: AcceptanceCluster, _ gateway: RunningGateway) async throws {
        let uid = try await cluster.addWorkload(serviceAccount: "web", pod: "web-0")
        let folder = gateway.folder
        try folder.write(
            try await cluster.token(
                serviceAccount: "web", pod: "web-0", uid: uid, audiences: [ReviewAcceptanceTests.audience]),
            to: "subject-token")
        // The volume of the Pod.
        try FileManager.default.createDirectory(atPath: "\(folder.path)/tokens", withIntermediateDirectories: true)
        let former = try await gateway.send(.GET, "/ca-bundle").text
        #expect(Self.certificates(former) == 1)
        try await ChildProcess.run(
            Place.sidecar, ["run"],
            environment: [
                "STS_SERVER": "https://localhost:\(gateway.port)", "STS_ENDPOINTS": "generic",
                "STS_SUBJECT_TOKEN_FILE": "\(folder.path)/subject-token",
                "STS_TOKEN_DIRECTORY": "\(folder.path)/tokens", "STS_CA_CERTIFICATES": former,
                "STS_TERMINATION_LOG": "\(folder.path)/termination",
            ]
        ) { sidecar in
            func token() -> Data? { FileManager.default.contents(atPath: "\(folder.path)/tokens/generic/token") }
            try await until(gateway) { token() != nil }

            let path = "/api/v1/namespaces/\(cluster.namespace)/secrets/sts-gateway-serving"
            let secret = try await cluster.send(.get, path)
            try await cluster.send(
                .put, path, secret.setting("now", at: "metadata", "annotations", "sts-gateway.io/rotate-ca"))
            var both = ""
            try await until(gateway) {
                both = try await gateway.send(.GET, "/ca-bundle").text
                return Self.certificates(both) == 2
            }
            #expect(both.contains(former.trimmingCharacters(in: .whitespacesAndNewlines)))
            // A client that has only the former CA finally receives a certificate of another one.
            func isFormer() async throws -> Bool {
                try folder.write(former, to: "former.pem")
                let asked = try await ChildProcess.run(
                    "/usr/bin/curl",
                    [
                        "-sS", "--noproxy", "*", "--cacert", "\(folder.path)/former.pem", "-o", "/dev/null",
                        "https://localhost:\(gateway.port)/ca-bundle",
                    ])
                return asked.status == 0
            }
            #expect(try await isFormer())
            try await until(gateway) { try await !isFormer() }
            for _ in 0..<2 {
                let before = token()
                try await until(gateway) { token() != before }
            }
            // The former CA is removed after the same time; no client needs it.
            try await until(gateway) {
                Self.certificates(try await gateway.send(.GET, "/ca-bundle").text) == 1
            }
            let last = token()
            try await until(gateway) { token() != last }
            sidecar.signal(SIGTERM)
            let ended = await sidecar.ended()
            #expect(ended.status == 0)
            #expect(!ended.errors.contains("\"level\":\"error\"") && !ended.errors.contains("\"level\":\"warning\""))
        }
    }
}
