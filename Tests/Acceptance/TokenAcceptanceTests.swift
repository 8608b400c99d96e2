import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import HTTPTypes
import JOSE
import JSON
import Testing

@Suite("The whole gateway: token", .wholeProcesses)
struct TokenAcceptanceTests {
    @Test("token gets a token of a Pod or of a running Pod of a ServiceAccount, and prints, decodes or wraps it")
    func tokens() async throws {
        try await DiagnosedCluster.run { cluster in
            let start =
                ["token"] + cluster.options + ["--endpoint", "one", "--gateway-namespace", cluster.cluster.namespace]
            let printed = try await cluster.run(start + ["--pod", "\(cluster.space)/web"], isSecret: true)
            #expect(printed.status == 0, "\(printed.errors)")
            let jwt = try SignedJWT(parsing: printed.output.filter { !$0.isWhitespace })
            #expect(try jwt.claims().subject == "acceptance:\(cluster.space):web")

            let decoded = try await cluster.run(start + ["--service-account", "\(cluster.space)/web", "--decode"])
            let json = try JSONValue(parsing: Array(decoded.output.utf8))
            #expect(json["claims"]?["kubernetes.io"]?["pod"]?["name"] == "web", "\(decoded.output)\(decoded.errors)")
            #expect(json["header"]?["alg"] == "RS256")

            let wrapped = try await cluster.run(
                start + ["--pod", "\(cluster.space)/web", "--exec-credential"], isSecret: true)
            let credential = try JSONValue(parsing: Array(wrapped.output.utf8))
            #expect(credential["kind"] == "ExecCredential")
            #expect(credential["status"]?["token"]?.stringValue?.hasPrefix("eyJ") == true)
            #expect(credential["status"]?["expirationTimestamp"]?.stringValue?.hasSuffix("Z") == true)

            // The host of the issuer does not exist.
            let unverified = try await cluster.run(start + ["--pod", "\(cluster.space)/web", "--verify"])
            #expect(unverified.status == 1 && unverified.errors.contains("STS2031"), "\(unverified.errors)")

            try await cluster.cluster.send(
                .post, "/api/v1/namespaces/\(cluster.space)/serviceaccounts", ["metadata": ["name": "idle"]])
            let idle = try await cluster.run(start + ["--service-account", "\(cluster.space)/idle"])
            #expect(idle.status == 69 && idle.errors.contains("no running Pod"), "\(idle.errors)")
            #expect(idle.errors.contains("STS1107"), "\(idle.errors)")
            let absent = try await cluster.run(start + ["--pod", "\(cluster.space)/absent"])
            #expect(absent.status == 69 && absent.errors.contains("STS2021"), "\(absent.errors)")
            #expect(try await cluster.run(start).status == 64)
        }
    }

    @Test("token needs no configuration with --server, --endpoint-path and --subject-token-file")
    func withoutConfiguration() async throws {
        try await RunningGateway.run { gateway in
            let token = try gateway.cluster.token(at: Date())
            try gateway.folder.write(token + "\n", to: "token")
            let arguments = [
                "token", "--server", "https://localhost:\(gateway.port)", "--endpoint-path", "/team/one",
                "--subject-token-file", "\(gateway.folder.path)/token", "--ca-file",
                "\(gateway.folder.path)/keys/serving-ca.pem",
            ]
            let decoded = try await ChildProcess.run(Place.gateway, arguments + ["--decode"])
            #expect(decoded.status == 0, "\(decoded.errors)")
            #expect(decoded.output.contains("\"acceptance:default:web\""), "\(decoded.output)")
            let untrusted = try await ChildProcess.run(Place.gateway, Array(arguments.dropLast(2)))
            #expect(untrusted.status == 69 && untrusted.errors.contains("STS2003"), "\(untrusted.errors)")
            try gateway.folder.write(token.dropLast(20) + "AAAAAAAAAAAAAAAAAAAA", to: "token")
            let rejected = try await ChildProcess.run(Place.gateway, arguments)
            #expect(rejected.status == 69 && rejected.errors.contains("STS1001"), "\(rejected.errors)")
            #expect(!rejected.errors.contains("eyJ"))
        }
    }

    @Test("The credential plugin of a kubeconfig is run without a shell; its output is never printed")
    func credentialPlugin() async throws {
        try await DiagnosedCluster.run { cluster in
            let folder = cluster.gateway.folder
            func kubeconfig(_ script: String, arguments: String = "none", version: String = "v1") throws -> String {
                try folder.write("#!/bin/sh\n\(script)\n", to: "plugin.sh")
                let direct = try String(contentsOfFile: cluster.cluster.kubeconfig, encoding: .utf8)
                let exec = """
                    exec: {apiVersion: client.authentication.k8s.io/\(version), command: /bin/sh, args: [\(folder.path)/plugin.sh, \(arguments)], \
                    env: [{name: GIVEN, value: given}], interactiveMode: Never, provideClusterInfo: true}
                    """
                try folder.write(direct.replacing("token: \(cluster.api.clientToken)", with: exec), to: "kubeconfig")
                return "\(folder.path)/kubeconfig"
            }
            let answer =
                #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"$TOKEN"}}"#
            try folder.write(cluster.api.clientToken, to: "secret")
            let script = """
                [ "$1" = '$(touch injected)' ] || exit 3
                [ "$GIVEN" = given ] || exit 4
                echo "$KUBERNETES_EXEC_INFO" | grep -q '"server":"https://127.0.0.1:' || exit 5
                TOKEN=$(cat \(folder.path)/secret)
                cat <<END
                \(answer)
                END
                """
            let good = try await cluster.doctor(kubeconfig: try kubeconfig(script, arguments: "'$(touch injected)'"))
            #expect(good.status("API server", "version") == "ok", "\(good)")
            let beta = try await cluster.doctor(
                kubeconfig: try kubeconfig(
                    "echo \"$KUBERNETES_EXEC_INFO\" | grep -q v1beta1 || exit 6\n"
                        + script.replacing("io/v1\"", with: "io/v1beta1\""),
                    arguments: "'$(touch injected)'", version: "v1beta1"))
            #expect(beta.status("API server", "version") == "ok", "\(beta)")
            // Merged with a file before it, as kubectl does.
            try folder.write("{clusters: [], users: [], contexts: [], current-context: \"\"}", to: "empty")
            let merged = try kubeconfig(script, arguments: "'$(touch injected)'")
            let both = try await cluster.doctor(kubeconfig: "\(folder.path)/empty:\(folder.path)/none:\(merged)")
            #expect(both.status("API server", "version") == "ok", "\(both)")
            for (script, reason) in [
                (
                    "echo \(DiagnosedCluster.canary); echo \(DiagnosedCluster.canary) >&2",
                    "did not print an ExecCredential"
                ),
                ("exit 7", "failed with the exit status 7"),
                // The output of another version than that of the kubeconfig.
                (
                    script.replacing("io/v1\"", with: "io/v1beta1\"").replacing("[ \"$1\"", with: "true || [ \"$1\""),
                    "printed another apiVersion"
                ),
                ("head -c 70000 /dev/zero", "wrote more than 65536 bytes"),
            ] {
                let bad = try await cluster.doctor(kubeconfig: try kubeconfig(script))
                let found = bad["API server", "kubeconfig"]
                #expect(found?["code"] == "STS2001", "\(bad)")
                #expect(found?["cause"]?.stringValue?.contains(reason) == true, "\(bad)")
            }
        }
    }
}
