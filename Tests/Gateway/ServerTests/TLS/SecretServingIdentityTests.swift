import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JSON
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("The serving identity in its Secret", .hangs)
struct SecretServingIdentityTests {
    private let time = TestScheduler(random: 1)
    private static let name = ServingIdentity.layout.secretName
    private static let path = APIResource.secrets.path(namespace: FakeCluster.namespace, name: name)

    private func secret(_ cluster: FakeCluster) -> JSONValue? {
        cluster.api.object(.secrets, namespace: FakeCluster.namespace, name: Self.name)
    }

    private func text(_ secret: JSONValue, _ key: String) -> String? {
        guard case .string(let value) = secret["data"]?[key] else { return nil }
        return Data(base64Encoded: value).map { String(decoding: $0, as: UTF8.self) }
    }

    private func patch(_ cluster: FakeCluster, _ patch: JSONValue) throws {
        try cluster.api.patch(.secrets, namespace: FakeCluster.namespace, name: Self.name, patch)
    }

    private func spoil(_ cluster: FakeCluster, with text: String) throws {
        try patch(cluster, ["data": ["serving.json": .string(Data(text.utf8).base64EncodedString())]])
    }

    @Test(
        "The leader creates the identity, every replica serves the same certificate, and the Secret has the CA bundle")
    func creation() async throws {
        try await FakeCluster.run { cluster in
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            let other = ServingReplica.inCluster(cluster, time: time, leads: false)
            try await other.running {
                await other.until { $0.isMissing == true }
                #expect(other.certificates.problem == "it is early" && secret(cluster) == nil)
                try await leader.running {
                    await leader.certificates.untilReady()
                    await other.certificates.untilReady()
                    let identity = try #require(await leader.identity())
                    #expect(await other.identity() == identity)
                    #expect(
                        other.certificates.issuers == identity.bundle && other.certificates.trust == identity.bundle)
                    let written = try #require(self.secret(cluster))
                    #expect(text(written, "ca.crt") == identity.bundle)
                    #expect(text(written, "serving.json")?.contains("PRIVATE KEY") == true)
                    #expect(written["metadata"]?["labels"]?["app.kubernetes.io/managed-by"] == "sts-gateway")
                    #expect(!(leader.log.text + other.log.text).contains("PRIVATE KEY"))
                }
            }
        }
    }

    @Test(
        "A CA that is not yet valid is replaced by a leader whose clock is right, and the log names the Pods to recreate"
    )
    func notYetValid() async throws {
        let policy = ServingPolicy(names: ServingReplica.names, timeToLive: 900)
        let ahead = try ServingIdentityGenerator().first(policy: policy, at: time.now.addingTimeInterval(172_800))
        for (offset, pods) in [(-10_800, nil), (0, ["a/one", "b/two"]), (0, nil)] as [(Double, [String]?)] {
            let store = FakeDocumentStore<ServingIdentity>()
            store.put(ahead, for: "")
            let leader = ServingReplica(store, time: time, leads: true, ahead: offset)
            if let pods { leader.plan.find { pods } }
            leader.replica.apply(.document(try #require(store[""])))
            try await leader.running {
                if offset != 0 {
                    try await until { leader.log.text.contains("serving certificate rotation failed") }
                    #expect(store[""]?.value == ahead && leader.log.text.contains("s behind the API"))
                    #expect(leader.certificates.timeProblem(at: time.now) == "a serving certificate is not yet valid")
                    return
                }
                let new = try #require(await leader.identity { $0 != ahead })
                #expect(new.owner == ahead.owner && new.timeProblem(at: time.now) == nil)
                #expect(leader.certificates.timeProblem(at: time.now) == nil)
                try await until { leader.log.text.contains("CA replaced; recreate the Pods that were injected before") }
                #expect(leader.log.text.contains(pods == nil ? "unknown" : "a/one"))
            }
        }
    }

    @Test("Two concurrent leaders create one CA")
    func race() async throws {
        try await FakeCluster.run { cluster in
            let replicas = (0..<4).map { _ in ServingReplica.inCluster(cluster, time: time, leads: true) }
            try await replicas[0].running {
                try await replicas[1].running {
                    try await replicas[2].running {
                        try await replicas[3].running {
                            for replica in replicas { await replica.certificates.untilReady() }
                            let first = try #require(await replicas[0].identity())
                            for replica in replicas {
                                let identity = try #require(await replica.identity())
                                #expect(identity.owner == first.owner && identity.authorities.count == 1)
                                #expect(replica.certificates.issuers == first.bundle)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("A deleted Secret is restored from memory, and the served certificate does not change")
    func deletion() async throws {
        try await FakeCluster.run { cluster in
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            try await leader.running {
                let first = try #require(await leader.identity())
                await cluster.api.waitForWatches(1)
                try cluster.api.delete(.secrets, namespace: FakeCluster.namespace, name: Self.name)
                let restored = try #require(await leader.identity { $0.revision > first.revision })
                #expect(restored.authorities == first.authorities && restored.certificate == first.certificate)
                #expect(text(try #require(secret(cluster)), "ca.crt") == first.bundle)
                #expect(leader.log.text.contains("restored from memory"))
            }
        }
    }

    @Test("Members that others have set on the Secret stay when it is written")
    func foreignMembers() async throws {
        try await FakeCluster.run { cluster in
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            try await leader.running {
                let first = try #require(await leader.identity())
                try patch(
                    cluster,
                    ["metadata": ["labels": ["team": "blue"], "annotations": ["example.com/note": "kept"]]])
                leader.plan.replace(with: ServingPolicy(names: ServingReplica.names, timeToLive: 3_600))
                await leader.identity { $0.maximumTokenLifetime == 3_600 }
                let metadata = try #require(secret(cluster)?["metadata"])
                #expect(metadata["labels"]?["team"] == "blue")
                #expect(metadata["annotations"]?["example.com/note"] == "kept")
                #expect(await leader.identity()?.authorities == first.authorities)
            }
        }
    }

    @Test(
        "A damaged Secret is restored by a leader that has it in memory, and created again by another"
    )
    func spoilt() async throws {
        try await FakeCluster.run { cluster in
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            let first = try await leader.running {
                let first = try #require(await leader.identity())
                await cluster.api.waitForWatches(1)
                try spoil(cluster, with: "garbage")
                let restored = try #require(await leader.identity { $0.revision > first.revision })
                #expect(restored.authorities == first.authorities)
                #expect(leader.log.text.contains("cannot be used"))
                return first
            }
            try spoil(cluster, with: "{\"version\": 1}")
            let other = ServingReplica.inCluster(cluster, time: time, leads: false)
            try await other.running {
                await other.until { $0.problem != nil }
                #expect(other.certificates.problem?.contains("invalid serving identity") == true)
                let next = ServingReplica.inCluster(cluster, time: time, leads: true)
                try await next.running {
                    let recreated = try #require(await next.identity())
                    #expect(recreated.owner != first.owner && next.log.text.contains("CA lost and created again"))
                    #expect(await other.identity()?.owner == recreated.owner)
                }
            }
        }
    }

    @Test("A serving certificate with a foreign key is not served")
    func unfitLeaf() async throws {
        try await FakeCluster.run { cluster in
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            let identity = try await leader.running { try #require(await leader.identity()) }
            let unfit = ServingIdentity(
                owner: identity.owner, revision: identity.revision + 1, authorities: identity.authorities,
                certificate: ServingIdentity.Certificate(
                    certificatePEM: identity.certificate.certificatePEM,
                    key: try #require(identity.issuing?.key), names: identity.certificate.names,
                    notBefore: identity.certificate.notBefore, notAfter: identity.certificate.notAfter),
                maximumTokenLifetime: 900)
            try spoil(
                cluster, with: String(decoding: try ServingIdentityDocument.encode(unfit), as: UTF8.self))
            let other = ServingReplica.inCluster(cluster, time: time, leads: false)
            await other.running {
                let problem = await other.until { $0.problem != nil }.problem
                #expect(
                    problem?.description.contains("serving certificate of the serving identity") == true
                        && other.certificates.problem != nil)
            }
        }
    }

    @Test(
        "A foreign Secret, or one of a newer release, is reported and not changed",
        arguments: [
            ("tls.crt", "a certificate", "was not created by the gateway"),
            ("serving.json", "{\"version\": 9}", "newer"),
        ])
    func leftAlone(key: String, text: String, word: String) async throws {
        try await FakeCluster.run { cluster in
            try cluster.api.add(
                .secrets, namespace: FakeCluster.namespace,
                ["metadata": ["name": .string(Self.name)], "stringData": .object([.init(key, .string(text))])])
            let before = secret(cluster)
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            try await leader.running {
                await leader.until { $0.problem != nil }
                #expect(leader.certificates.problem?.contains(word) == true)
                await time.waitForSleeper()
                #expect(secret(cluster) == before)
                await cluster.api.waitForWatches(1)
                try cluster.api.delete(.secrets, namespace: FakeCluster.namespace, name: Self.name)
                await leader.certificates.untilReady()
            }
        }
    }

    @Test("An identity that replaced the trusted one is overwritten by the leader that has it in memory")
    func replaced() async throws {
        try await FakeCluster.run { cluster in
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            let other = ServingReplica.inCluster(cluster, time: time, leads: false)
            try await leader.running {
                try await other.running {
                    let first = try #require(await leader.identity())
                    await other.certificates.untilReady()
                    await cluster.api.waitForWatches(2)
                    let foreign = try ServingIdentityGenerator().first(
                        policy: leader.plan.policy, at: ExampleGateway.now)
                    try spoil(
                        cluster, with: String(decoding: try ServingIdentityDocument.encode(foreign), as: UTF8.self))
                    let back = try #require(await leader.identity { $0.revision > first.revision })
                    #expect(back.owner == first.owner && back.authorities == first.authorities)
                    await other.until { $0.stored?.value == back && $0.replacedBy == nil }
                    #expect(other.certificates.issuers == first.bundle)
                }
            }
        }
    }

    @Test("Without the API server or the permission there is no certificate; this is reported and retried")
    func away() async throws {
        try await FakeCluster.run { cluster in
            cluster.api.deny("create", "secrets")
            cluster.api.fail(.status(500), next: 2, path: FakeCluster.secrets)
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            await leader.running {
                await time.waitForSleeper { $0 == 0.5 }
                #expect(leader.certificates.problem?.contains("the verb create on secrets") == true)
                #expect(leader.log.text.contains("serving certificate rotation failed"))
                cluster.api.allow("create", "secrets")
                await time.passing(upTo: 30) { await leader.certificates.untilReady() }
                #expect(leader.log.text.contains("serving certificate rotation works again") || secret(cluster) != nil)
            }
        }
    }

    @Test("An annotation rotates the CA on every replica: announced, issuing, and the former one removed")
    func rotation() async throws {
        try await FakeCluster.run { cluster in
            let leader = ServingReplica.inCluster(cluster, time: time, leads: true)
            let other = ServingReplica.inCluster(cluster, time: time, leads: false)
            try await leader.running {
                try await other.running {
                    let first = try #require(await other.identity())
                    leader.evidence.give(.trust([:]))
                    try patch(cluster, ["metadata": ["annotations": ["sts-gateway.io/rotate-ca": "1"]]])
                    let announced = try #require(await other.identity { $0.next != nil })
                    let next = try #require(announced.next)
                    #expect(announced.certificate == first.certificate && announced.issuing?.id == first.issuing?.id)
                    #expect(other.certificates.issuers == announced.bundle && announced.authorities.count == 2)
                    await time.waitForSleeper { $0 == 4_500 }
                    time.advance(by: 4_500)
                    await time.waitForSleeper { $0 > 4_500 }
                    #expect(leader.log.text.contains("new CA waits for the caBundle"))
                    leader.evidence.give(.trust([next.id: ExampleGateway.now.addingTimeInterval(4_500)]))
                    await time.waitForSleeper { $0 == 5 }
                    #expect(leader.replica.view.stored?.value.issuing?.id == first.issuing?.id)
                    time.advance(by: 5)
                    let issued = try #require(await other.identity { $0.issuing?.id == next.id })
                    #expect(issued.authorities.count == 2 && issued.certificate != first.certificate)
                    #expect(Set(PEMCertificates.list(other.certificates.issuers)).count == 2)
                    await time.waitForSleeper { $0 == 4_500 }
                    time.advance(by: 4_500)
                    let last = try #require(await other.identity { $0.authorities.count == 1 })
                    #expect(last.issuing?.id == next.id && other.certificates.issuers == last.bundle)
                    // The same text causes no other rotation.
                    #expect(last.next == nil && last.answered == "1")
                }
            }
        }
    }
}
