import GatewayCore
import JSON
import Kubernetes
import Testing

@Suite("Credential plugins of a kubeconfig")
struct CredentialPluginTests {
    private static func document(_ exec: JSONValue, cluster: JSONValue = KubeconfigTests.cluster) -> JSONValue {
        [
            "current-context": "here", "contexts": [["name": "here", "context": ["cluster": "one", "user": "me"]]],
            "clusters": [["name": "one", "cluster": cluster]], "users": [["name": "me", "user": ["exec": exec]]],
        ]
    }

    private static let exec: JSONValue = [
        "apiVersion": "client.authentication.k8s.io/v1", "command": "./bin/login", "args": ["--token", "secret"],
        "env": [["name": "A", "value": "b"]], "provideClusterInfo": "true", "interactiveMode": "IfAvailable",
    ]

    private static func plugin(_ exec: JSONValue = exec) throws -> CredentialPlugin {
        let access = try Kubeconfig.access(document(exec), folder: "/home/me/.kube", allowsPlugin: true)
        return try #require(access.plugin)
    }

    @Test("The program, its arguments and variables are read only where the caller allows programs")
    func reading() throws {
        let plugin = try Self.plugin()
        #expect(plugin.words == ["/home/me/.kube/./bin/login", "--token", "secret"])
        #expect(plugin.environment["A"] == "b")
        let information = try #require(plugin.environment["KUBERNETES_EXEC_INFO"])
        let json = try JSONValue(parsing: Array(information.utf8))
        #expect(json["apiVersion"] == "client.authentication.k8s.io/v1" && json["kind"] == "ExecCredential")
        #expect(json["spec"]?["interactive"] == false)
        #expect(json["spec"]?["cluster"]?["server"] == "https://192.0.2.1:6443")
        #expect("\(plugin)" == "\"login\"" && String(reflecting: plugin) == "\"login\"")
        #expect(throws: KubernetesConnectionError.self) {
            try Kubeconfig.access(Self.document(Self.exec), folder: "/")
        }
    }

    @Test("A program of v1beta1 is asked in v1beta1, and must answer in it")
    func beta() throws {
        let beta = "client.authentication.k8s.io/v1beta1"
        let exec = Self.exec.setting(.string(beta), at: "apiVersion")
        let plugin = try Self.plugin(exec)
        let information = try #require(plugin.environment["KUBERNETES_EXEC_INFO"])
        #expect(try JSONValue(parsing: Array(information.utf8))["apiVersion"] == .string(beta))
        let access = try Kubeconfig.access(Self.document(exec), folder: "/", allowsPlugin: true)
        func answer(_ version: String) -> [UInt8] {
            Array(#"{"apiVersion":"\#(version)","kind":"ExecCredential","status":{"token":"t"}}"#.utf8)
        }
        #expect(try plugin.credentials(in: answer(beta), for: access).token == .bytes(Array("t".utf8)))
        let other = #expect(throws: KubernetesConnectionError.self) {
            try plugin.credentials(in: answer("client.authentication.k8s.io/v1"), for: access)
        }
        #expect(other?.description.contains("another apiVersion than \(beta)") == true)
    }

    @Test("Invalid settings are reported with their key path")
    func problems() {
        for (key, value, text) in [
            ("apiVersion", "client.authentication.k8s.io/v1alpha1", "users[0].user.exec.apiVersion: not supported"),
            ("command", "", "users[0].user.exec.command: missing required key"),
            ("interactiveMode", "Always", "users[0].user.exec.interactiveMode: not supported"),
        ] {
            let exec = Self.exec.setting(.string(value), at: key)
            do {
                _ = try Kubeconfig.access(Self.document(exec), folder: "/", allowsPlugin: true)
                Issue.record("\(key) is accepted")
            } catch {
                #expect(error.problems.contains { $0.contains(text) }, "\(error)")
            }
        }
    }

    @Test("The output becomes a token or a client certificate; other output is rejected without its text")
    func output() throws {
        let plugin = try Self.plugin()
        let access = try Kubeconfig.access(Self.document(Self.exec), folder: "/", allowsPlugin: true)
        func result(_ text: String) throws -> ClusterAccess {
            try plugin.credentials(in: Array(text.utf8), for: access)
        }
        let start = #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":"#
        let token = try result(start + #"{"token":"t","expirationTimestamp":"2026-11-27T00:00:00Z"}}"#)
        #expect(token.token == .bytes(Array("t".utf8)) && token.plugin == nil)
        let certificate = try result(start + #"{"clientCertificateData":"c","clientKeyData":"k"}}"#)
        #expect(certificate.clientCertificate == .init(chain: .bytes(Array("c".utf8)), key: .bytes(Array("k".utf8))))
        for text in [
            "", "secret", start + "{}}", start + #"{"clientCertificateData":"secret"}}"#,
            start.replacing("/v1", with: "/v1beta1") + #"{"token":"secret"}}"#, start + "null}",
        ] {
            do {
                _ = try result(text)
                Issue.record("accepted: \(text)")
            } catch let error as KubernetesConnectionError {
                #expect(!error.description.contains("secret") && error.description.contains("\"login\""))
            }
        }
    }
}
