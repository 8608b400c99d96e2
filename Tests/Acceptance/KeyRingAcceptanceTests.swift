import FakeKubernetesAPI
import Foundation
import GatewayCore
import GatewayTestSupport
import HTTPTypes
import JOSE
import JSON
import KubernetesTestSupport
import NIOHTTP1
import Testing

@testable import GatewayServer

@Suite("The whole gateway: key rings in Secrets", .wholeProcesses)
struct KeyRingAcceptanceTests {
    /// One replica of a gateway with key rings in Secrets.
    private struct Replica {
        let gateway: RunningGateway
        let environment: [String: String]

        static func run(
            _ cluster: AcceptanceCluster, name: String, kubeconfig: String? = nil,
            _ body: (Replica) async throws -> Void
        ) async throws {
            let folder = try TemporaryFolder()
            // Any certificate: the client of these tests does not verify it.
            let made = try await ChildProcess.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                    "\(folder.path)/server-key.pem", "-out", "\(folder.path)/server.pem",
                ])
            #expect(made.status == 0, "\(made.errors)")
            let environment = ["POD_NAMESPACE": cluster.namespace, "POD_NAME": name]
            try await RunningGateway.run(
                folder: folder, review: "{kubeconfig: \"\(kubeconfig ?? cluster.kubeconfig)\"}",
                keyStore: "{kind: kubernetes}",
                namespace: cluster.namespace,
                adding: "tls: {certificates: [{certificate: server.pem, key: server-key.pem}]}",
                environment: environment
            ) { gateway in
                try await body(Replica(gateway: gateway, environment: environment))
            }
        }

        func eventually(_ condition: () async throws -> Bool) async throws {
            try await AcceptanceTests.eventually(gateway.process.standardError, condition)
        }

        func kids() async throws -> Set<KeyID> {
            let set = try JSONWebKeySet(parsing: try await gateway.send(.GET, "/team/two/certs").body)
            return Set(set.keys.map(\.keyID))
        }

        func keys(_ arguments: String...) async throws -> ChildProcess.Ended {
            try await ChildProcess.run(
                Place.gateway,
                ["keys"] + arguments + [
                    "--config", "\(gateway.folder.path)/gateway.yaml", "--plugins",
                    "\(Place.repository)/plugins.json",
                ], environment: environment)
        }
    }

    @Test(
        "Replicas share one ring: a manual rotation reaches both, a deleted Secret is restored, a revocation stops both"
    )
    func replicas() async throws {
        try await AcceptanceCluster.run { cluster in
            try await Replica.run(cluster, name: "gateway-0") { one in
                try await Replica.run(cluster, name: "gateway-1") { two in
                    try await share(one, two, cluster)
                }
            }
        }
    }

    private func share(_ one: Replica, _ two: Replica, _ cluster: AcceptanceCluster) async throws {
        let first = try await one.kids()
        #expect(try await two.kids() == first && first.count == 1)
        let secrets = "/api/v1/namespaces/\(cluster.namespace)/secrets"
        let secret = try await cluster.send(.get, "\(secrets)/sts-keyring-two")
        #expect(secret["metadata"]?["labels"]?["sts-gateway.io/keyring"] == "two")

        #expect(try await one.keys("rotate", "--endpoint", "two").status == 0)
        try await one.eventually {
            let counts = [try await one.kids().count, try await two.kids().count]
            return counts == [2, 2]
        }
        let both = try await one.kids()
        #expect(try await two.kids() == both && both.isSuperset(of: first))

        try await cluster.send(.delete, "\(secrets)/sts-keyring-two")
        try await one.eventually { (try? await cluster.send(.get, "\(secrets)/sts-keyring-two")) != nil }
        #expect(try await two.kids() == both)

        let uid = try await cluster.addWorkload(serviceAccount: "web", pod: "web-0")
        let token = try await cluster.token(
            serviceAccount: "web", pod: "web-0", uid: uid, audiences: [ReviewAcceptanceTests.audience])
        #expect(try await two.gateway.exchange("/team/two", token).status == 200)
        let revoked = try await one.keys("revoke", "--endpoint", "two", "--active")
        #expect(revoked.status == 0, "\(revoked.errors)")
        try await one.eventually {
            let answers = [
                try await one.gateway.exchange("/team/two", token),
                try await two.gateway.exchange("/team/two", token),
            ]
            return answers.allSatisfy { $0.status == 503 && $0.headers.first(name: "Retry-After") != nil }
        }
        #expect(try await one.kids().isDisjoint(with: first))
        #expect(try await one.gateway.exchange("/team/one", token).status == 200)
        for replica in [one, two] {
            let ended = try await replica.gateway.stop()
            #expect(ended.status == 0)
            #expect(!(ended.errors + ended.output).contains("PRIVATE KEY"))
        }
    }

    @Test("A revocation reaches a replica whose connections to the API server carry nothing any more")
    func deadPath() async throws {
        try await FakeKubernetesAPI.run(clock: { Date() }, sleep: FakeKubernetesAPI.realTime) { api in
            try await AcceptanceCluster.run(with: api) { cluster in
                try await SwallowingProxy.run(to: api.port) { proxy in
                    let folder = try TemporaryFolder()
                    let direct = try String(contentsOfFile: cluster.kubeconfig, encoding: .utf8)
                    try folder.write(direct.replacing(":\(api.port)", with: ":\(proxy.port)"), to: "kubeconfig")
                    try await Replica.run(cluster, name: "gateway-0") { one in
                        try await Replica.run(
                            cluster, name: "gateway-1", kubeconfig: "\(folder.path)/kubeconfig"
                        ) { two in
                            let first = try await one.kids()
                            #expect(try await two.kids() == first && first.count == 1)
                            #expect(try await one.keys("rotate", "--endpoint", "two").status == 0)
                            try await two.eventually { try await two.kids().count == 2 }
                            // The watch is on one of these connections. New ones work.
                            proxy.swallow()
                            let connections = proxy.connections
                            #expect(connections > 0)
                            let revoked = try await one.keys("revoke", "--endpoint", "two", "--active")
                            #expect(revoked.status == 0, "\(revoked.errors)")
                            // The key set is the ring's; no answer to a token request is as sure a sign.
                            try await two.eventually { try await two.kids().isDisjoint(with: first) }
                            #expect(proxy.swallowedBytes > 0, "the change was sent on the dead connection")
                            #expect(proxy.connections > connections)
                        }
                    }
                }
            }
        }
    }

    @Test("When the leader is killed, the other replica leads; one that stops releases the leadership")
    func leadership() async throws {
        try await AcceptanceCluster.run { cluster in
            let lease = "/apis/coordination.k8s.io/v1/namespaces/\(cluster.namespace)/leases/sts-gateway"
            func holder() async -> String {
                guard case .string(let holder)? = try? await cluster.send(.get, lease)["spec"]?["holderIdentity"] else {
                    return ""
                }
                return holder
            }
            try await Replica.run(cluster, name: "gateway-0") { one in
                try await one.eventually { await holder().hasPrefix("gateway-0_") }
                try await Replica.run(cluster, name: "gateway-1") { two in
                    one.gateway.process.signal(SIGKILL)
                    try await two.eventually { await holder().hasPrefix("gateway-1_") }
                    try await Replica.run(cluster, name: "gateway-2") { three in
                        #expect(try await two.gateway.stop().status == 0)
                        try await three.eventually { await holder().hasPrefix("gateway-2_") }
                    }
                }
            }
        }
    }
}
