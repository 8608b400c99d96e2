import GatewayCore
import GatewayTestSupport
import JSON
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
            return .success(try Kubeconfig.access(ConfigurationNode(document), folder: "/home/me/.kube"))
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

    @Test("The current context's cluster and user are taken")
    func current() throws {
        let access = try access()
        #expect(access == ClusterAccess(server: access.server, authority: nil, token: .bytes(Array("t".utf8))))
        #expect(access.server.authority == "192.0.2.1:6443")
    }

    @Test("Data goes before files, a token's file before its text, and relative paths begin at the kubeconfig")
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
            "clusters[1].cluster.insecure-skip-tls-verify: the server's certificate is always verified; remove this "
                + "and put its authority in certificate-authority-data"
        ),
        (
            ["server": "http://a"], user,
            "clusters[1].cluster.server: not an https URL of a host, and maybe a port and a path; write one, such as "
                + "https://192.0.2.1:6443"
        ),
        ([:], user, "clusters[1].cluster.server: missing; write the API server's https URL"),
        (
            ["server": "https://a", "proxy-url": "http://p"], user,
            "clusters[1].cluster.proxy-url: not supported; the API server is reached without a proxy; remove this "
                + "and make the server reachable"
        ),
        (
            ["server": "https://a", "certificate-authority-data": "%"], user,
            "clusters[1].cluster.certificate-authority-data: not base64; write the PEM text in base64 on one line"
        ),
        (
            ["server": "https://a", "tls-server-name": "192.0.2.7"], user,
            "clusters[1].cluster.tls-server-name: \"192.0.2.7\" is not a DNS name; write one that the certificate has"
        ),
        (
            cluster, ["exec": ["command": "login"]],
            "users[0].user.exec: not supported; no program is run for a credential; keep a renewed token in a "
                + "file and name it in tokenFile"
        ),
        (
            cluster, ["auth-provider": ["name": "oidc"]],
            "users[0].user.auth-provider: not supported; legacy auth providers are gone from Kubernetes too; use a "
                + "token, tokenFile or a client certificate"
        ),
        (
            cluster, ["token": "t", "as": "admin"],
            "users[0].user.as: not supported; the gateway acts as nobody but itself; give it a user of its own"
        ),
        (
            cluster, ["token": "t", "username": "u"],
            "users[0].user.username: not supported; basic authentication is gone from Kubernetes; use a token "
                + "or a client certificate"
        ),
        (
            cluster, [:],
            "users[0].user: no credential; write token, tokenFile, or client-certificate and client-key"
        ),
        (
            cluster, ["client-certificate": "c"],
            "users[0].user.client-key-data: missing; a client certificate and its key go together"
        ),
        (
            cluster, ["token": ["a"]], "users[0].user.token: not a text; write one"
        ),
    ]

    @Test("What is not supported or not safe is refused by its key path, with what to do", arguments: refusals.indices)
    func refused(index: Int) {
        let (cluster, user, expected) = Self.refusals[index]
        let problems = problems(Self.document(cluster: cluster, user: user))
        #expect(problems.first == expected)
    }

    @Test("All problems are told at once")
    func together() {
        let found = problems(
            Self.document(
                cluster: ["server": "http://a", "insecure-skip-tls-verify": true], user: ["exec": [:], "as": "x"]))
        #expect(found.count == 4)
    }

    @Test("A context, cluster or user that is not there is told by its name")
    func dangling() {
        #expect(
            problems(["contexts": []])
                == ["current-context: missing; name one of the contexts (kubectl config use-context NAME)"])
        #expect(
            problems(["current-context": "a", "contexts": []])
                == ["current-context: \"a\" is none of contexts; write the name of one"])
        #expect(
            problems(["current-context": "a"]) == ["contexts: missing; write a list of {name, context}"])
        #expect(
            problems([
                "current-context": "a", "contexts": [["name": "a", "context": ["cluster": "b", "user": "c"]]],
                "clusters": [], "users": [["name": "c"]],
            ]) == [
                "contexts[0].context.cluster: \"b\" is none of clusters; write the name of one",
                "users[0].user: missing; write a mapping",
            ])
        #expect(problems([]) == ["not a mapping; write a kubeconfig, as kubectl config view prints one"])
    }
}
