import GatewayCore
import GatewayTestSupport
import JSON
import Kubernetes
import Testing

@Suite("kubeconfig")
struct KubeconfigTests {
    private static func document(cluster: JSONValue, user: JSONValue) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Config", "preferences": [:], "current-context": "here",
            "contexts": [
                ["name": "elsewhere", "context": ["cluster": "x", "user": "y"]],
                ["name": "here", "context": ["cluster": "one", "user": "me", "namespace": "a"]],
            ],
            "clusters": [["name": "zero", "cluster": ["server": "http://no"]], ["name": "one", "cluster": cluster]],
            "users": [["name": "me", "user": user]],
        ]
    }

    static let cluster: JSONValue = ["server": "https://192.0.2.1:6443"]
    static let user: JSONValue = ["token": "t"]

    private static func outcome(_ document: JSONValue) -> Result<ClusterAccess, KubernetesConnectionError> {
        do {
            return .success(try Kubeconfig.access(document, folder: "/home/me/.kube"))
        } catch {
            return .failure(error)
        }
    }

    private func access(cluster: JSONValue = cluster, user: JSONValue = user) throws -> ClusterAccess {
        try Self.outcome(Self.document(cluster: cluster, user: user)).get()
    }

    private func problems(_ document: JSONValue) -> [String] {
        if case .failure(let error) = Self.outcome(document) { error.problems } else { [] }
    }

    @Test("The current context's cluster and user are used")
    func current() throws {
        let access = try access()
        #expect(access == ClusterAccess(server: access.server, authority: nil, token: .bytes(Array("t".utf8))))
        #expect(access.server.authority == "192.0.2.1:6443")
    }

    @Test("Data precedes files, a token's file precedes its text, and relative paths are relative to the kubeconfig")
    func materials() throws {
        let files = try access(
            cluster: ["server": "https://a", "certificate-authority": "ca.pem", "tls-server-name": "api.example.com"],
            user: ["client-certificate": "/c.pem", "client-key": "k.pem", "token": "t", "tokenFile": "dir/token"])
        #expect(files.authority == .file("/home/me/.kube/ca.pem"))
        #expect(files.serverName == "api.example.com")
        #expect(files.token == .file("/home/me/.kube/dir/token"))
        #expect(files.clientCertificate == .init(chain: .file("/c.pem"), key: .file("/home/me/.kube/k.pem")))

        let data = try access(
            cluster: ["server": "https://a", "certificate-authority": "ca.pem", "certificate-authority-data": "Y2E="],
            user: ["client-certificate-data": "Yw==", "client-key-data": "aw==", "client-key": "k.pem"])
        #expect(data.authority == .bytes(Array("ca".utf8)))
        #expect(data.token == nil)
        #expect(data.clientCertificate == .init(chain: .bytes(Array("c".utf8)), key: .bytes(Array("k".utf8))))
    }

    @Test("Values that kubectl writes as absent are absent")
    func absent() throws {
        let access = try access(
            cluster: ["server": "https://a", "certificate-authority": "", "insecure-skip-tls-verify": false],
            user: ["token": "t", "exec": .null, "client-key": .null])
        #expect(access.authority == nil)
    }

    private static let refusals: [(JSONValue, JSONValue, String)] = [
        (
            ["server": "https://a", "insecure-skip-tls-verify": true], user,
            "clusters[1].cluster.insecure-skip-tls-verify: not supported; the server's certificate is always verified: "
                + "remove this and put its authority in certificate-authority-data"
        ),
        (
            ["server": "http://a"], user,
            "clusters[1].cluster.server: invalid URL; expected https with a host, optionally a port and a path, such as "
                + "https://192.0.2.1:6443"
        ),
        ([:], user, "clusters[1].cluster.server: missing required key; write the API server's https URL"),
        (
            ["server": "https://a", "proxy-url": "http://p"], user,
            "clusters[1].cluster.proxy-url: not supported; remove this and make the API server reachable without a proxy"
        ),
        (
            ["server": "https://a", "certificate-authority-data": "%"], user,
            "clusters[1].cluster.certificate-authority-data: invalid base64; expected the PEM text in base64 on one line"
        ),
        (
            ["server": "https://a", "tls-server-name": "192.0.2.7"], user,
            "clusters[1].cluster.tls-server-name: invalid DNS name \"192.0.2.7\"; expected a name of the certificate"
        ),
        (
            cluster, ["exec": ["command": "login"]],
            "users[0].user.exec: not supported; credential plugins are not run; write a renewed token to a file and "
                + "name it in tokenFile"
        ),
        (
            cluster, ["auth-provider": ["name": "oidc"]],
            "users[0].user.auth-provider: not supported; Kubernetes removed auth providers; use token, tokenFile or "
                + "a client certificate"
        ),
        (
            cluster, ["token": "t", "as": "admin"],
            "users[0].user.as: not supported; impersonation would change the user; remove this and name "
                + "another user"
        ),
        (
            cluster, ["token": "t", "username": "u"],
            "users[0].user.username: not supported; Kubernetes removed basic authentication; use token or a client "
                + "certificate"
        ),
        (
            cluster, [:],
            "users[0].user: no credential; write token, tokenFile, or client-certificate and client-key"
        ),
        (
            cluster, ["client-certificate": "c"],
            "users[0].user.client-key-data: missing required key; a client certificate needs its key"
        ),
        (
            cluster, ["token": ["a"]], "users[0].user.token: invalid value; expected a string"
        ),
    ]

    @Test(
        "Unsupported and unsafe settings are rejected with their key path and what to do", arguments: refusals.indices)
    func refused(index: Int) {
        let (cluster, user, expected) = Self.refusals[index]
        let problems = problems(Self.document(cluster: cluster, user: user))
        #expect(problems.first == expected)
    }

    @Test("All problems are reported at once")
    func together() {
        let found = problems(
            Self.document(
                cluster: ["server": "http://a", "insecure-skip-tls-verify": true], user: ["exec": [:], "as": "x"]))
        #expect(found.count == 4)
    }

    @Test("A missing context, cluster or user is reported by its name")
    func dangling() {
        #expect(
            problems(["contexts": []])
                == ["current-context: missing required key; name one of the contexts (kubectl config use-context NAME)"]
        )
        #expect(
            problems(["current-context": "a", "contexts": []])
                == ["current-context: \"a\" is not in contexts; write the name of an entry"])
        #expect(
            problems(["current-context": "a"]) == ["contexts: missing required key; write a list of {name, context}"])
        #expect(
            problems([
                "current-context": "a", "contexts": [["name": "a", "context": ["cluster": "b", "user": "c"]]],
                "clusters": [], "users": [["name": "c"]],
            ]) == [
                "contexts[0].context.cluster: \"b\" is not in clusters; write the name of an entry",
                "users[0].user: missing required key; write a mapping",
            ])
        #expect(problems([]) == ["not a mapping; expected a kubeconfig, as kubectl config view prints one"])
    }
}
