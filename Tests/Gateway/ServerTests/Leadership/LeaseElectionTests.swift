import FakeKubernetesAPI
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JSON
import Kubernetes
import KubernetesTestSupport
import Logging
import ServiceLifecycle
import Testing

@testable import GatewayServer

@Suite("Leader election by a Lease", .hangs)
struct LeaseElectionTests {
    /// A replica with its own clock.
    private struct Replica: Sendable {
        let time = TestScheduler()
        let log = RecordedJSONLog()
        let leadership: Leadership
        let election: LeaseElection

        /// The API server's clock. The fake API server does not serve the manual time.
        let clock: ClockComparison

        init(_ identity: String, _ cluster: FakeCluster) {
            clock = ClockComparison(
                server: ServerClock(), scheduler: time.scheduler, isSynchronized: { false })
            leadership = Leadership(monotonic: time.scheduler.monotonic, clock: clock)
            election = LeaseElection(
                client: cluster.client, namespace: FakeCluster.namespace, name: "sts-gateway", identity: identity,
                leadership: leadership, scheduler: time.scheduler.kubernetes, logger: log.logger)
        }

        func wait(for expected: Bool) async {
            for await isLeading in leadership.changes() where isLeading == expected { return }
        }

        /// Returns when it waits for its next attempt: each attempt is one wait, for its timeout, and the time until
        /// the next is another.
        func rest() async { await time.waitForEvenSleeper() }

        /// Advances the time to the next attempt.
        func nextAttempt(_ seconds: Double = 2) async {
            await rest()
            time.advance(by: seconds)
        }

        /// Runs the service while `body` runs, then ends it like a killed process.
        func running(_ body: () async throws -> Void) async rethrows {
            try await FakeCluster.running({ [election] in try? await election.run() }, body)
        }
    }

    private static let path = FakeCluster.leases + "/sts-gateway"

    private func lease(_ cluster: FakeCluster) -> JSONValue? {
        cluster.api.object(.leases, namespace: FakeCluster.namespace, name: "sts-gateway")
    }

    @Test("The first creates the Lease, leads and renews it; the second waits until it expires")
    func takeover() async throws {
        try await FakeCluster.run { cluster in
            let one = Replica("one", cluster)
            let two = Replica("two", cluster)
            await one.running {
                await one.wait(for: true)
                let first = lease(cluster)?["spec"]
                #expect(first?["holderIdentity"] == "one")
                #expect(first?["leaseDurationSeconds"] == 15)
                #expect(first?["leaseTransitions"] == 0)
                #expect(first?["acquireTime"] == "2026-05-08T14:40:00.000000Z")
                await one.nextAttempt()
                await one.rest()
                let second = lease(cluster)?["spec"]
                #expect(second?["acquireTime"] == first?["acquireTime"])
                #expect(second?["renewTime"] == "2026-05-08T14:40:02.000000Z")
            }
            #expect(!one.leadership.isLeading)
            #expect(lease(cluster)?["spec"]?["holderIdentity"] == "one")
            await two.running {
                for _ in 0..<7 {
                    await two.nextAttempt()
                    #expect(!two.leadership.isLeading)
                }
                await two.nextAttempt()
                await two.wait(for: true)
                #expect(two.time.time >= 15)
                #expect(lease(cluster)?["spec"]?["holderIdentity"] == "two")
                #expect(lease(cluster)?["spec"]?["leaseTransitions"] == 1)
            }
        }
    }

    @Test(
        "A leader whose clock is wrong does not lead from that moment and releases the Lease, and leads again with a right clock",
        arguments: [-10_800, 61, 172_800.0])
    func wrongClock(ahead: Double) async throws {
        try await FakeCluster.run { cluster in
            let one = Replica("one", cluster)
            let two = Replica("two", cluster)
            await one.running {
                await one.wait(for: true)
                one.time.compare(one.clock, ahead: 59)
                #expect(one.leadership.isLeading)
                one.time.compare(one.clock, ahead: ahead)
                #expect(!one.leadership.isLeading && !one.leadership.canLead)
                await one.nextAttempt()
                await one.wait(for: false)
                await one.rest()
                #expect(lease(cluster)?["spec"]?["holderIdentity"] == "")
                await two.running { await two.wait(for: true) }
                one.time.compare(one.clock, ahead: 0)
                // The other one is gone without a release.
                for _ in 0..<9 { await one.nextAttempt() }
                await one.wait(for: true)
                #expect(lease(cluster)?["spec"]?["holderIdentity"] == "one")
            }
        }
    }

    @Test("A gateway that stops releases the Lease, and the next attempt of another one acquires it")
    func release() async throws {
        try await FakeCluster.run { cluster in
            let one = Replica("one", cluster)
            let two = Replica("two", cluster)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: one.election)],
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
            try await withThrowingTaskGroup(of: Void.self) { running in
                running.addTask { try await group.run() }
                await one.wait(for: true)
                try await two.running {
                    await two.rest()
                    #expect(!two.leadership.isLeading)
                    await group.triggerGracefulShutdown()
                    try await running.waitForAll()
                    #expect(!one.leadership.isLeading)
                    #expect(lease(cluster)?["spec"]?["holderIdentity"] == "")
                    #expect(lease(cluster)?["spec"]?["leaseDurationSeconds"] == 1)
                    await two.nextAttempt()
                    await two.wait(for: true)
                    #expect(lease(cluster)?["spec"]?["leaseTransitions"] == 1)
                    #expect(lease(cluster)?["spec"]?["leaseDurationSeconds"] == 15)
                }
            }
        }
    }

    @Test(
        "A leader that cannot renew steps down at the deadline, before another may acquire the Lease"
    )
    func lostRenewals() async throws {
        try await FakeCluster.run { cluster in
            let one = Replica("one", cluster)
            await one.running {
                await one.wait(for: true)
                cluster.api.fail(.status(500), next: 1000, path: Self.path)
                for _ in 0..<4 {
                    await one.nextAttempt()
                    #expect(one.leadership.isLeading)
                }
                await one.nextAttempt()
                #expect(!one.leadership.isLeading)
                await one.wait(for: false)
                await one.rest()
                #expect(one.log.text.contains("leadership lost"))
                #expect(one.log.text.split(separator: "election failed").count - 1 == 1)
                cluster.api.clearFaults()
                await one.nextAttempt()
                await one.wait(for: true)
                #expect(lease(cluster)?["spec"]?["leaseTransitions"] == 0)
            }
        }
    }

    @Test("An attempt that hangs is cancelled, and the deadline is met")
    func hanging() async throws {
        try await FakeCluster.run { cluster in
            let one = Replica("one", cluster)
            await one.running {
                await one.wait(for: true)
                cluster.api.fail(.hang, next: 1000, path: Self.path)
                await one.nextAttempt()
                await one.time.waitForSleeper { $0 == 4 }
                one.time.advance(by: 4)
                await one.nextAttempt()
                // Two seconds are left for the attempt.
                await one.time.waitForSleeper { $0 == 2 }
                #expect(one.leadership.isLeading)
                one.time.advance(by: 2)
                await one.wait(for: false)
                #expect(!one.leadership.isLeading)
                cluster.api.clearFaults()
                cluster.api.releaseHanging()
            }
        }
    }

    @Test("A suspended leader has no leadership when it resumes, and finds the new leader")
    func pausedLeader() async throws {
        try await FakeCluster.run { cluster in
            let one = Replica("one", cluster)
            let two = Replica("two", cluster)
            await one.running {
                await one.wait(for: true)
                await one.rest()
                await two.running {
                    for _ in 0..<8 { await two.nextAttempt() }
                    await two.wait(for: true)
                    one.time.pass(16)
                    #expect(!one.leadership.isLeading)
                    await two.nextAttempt()
                    await two.rest()
                    // It resumes with an old Lease.
                    one.time.advance(by: 0)
                    await one.wait(for: false)
                    await one.nextAttempt()
                    await one.rest()
                    #expect(two.leadership.isLeading && !one.leadership.isLeading)
                    #expect(lease(cluster)?["spec"]?["holderIdentity"] == "two")
                }
            }
        }
    }

    @Test("The leader creates a deleted Lease again, and no other replica acquires it")
    func deletedLease() async throws {
        try await FakeCluster.run { cluster in
            let one = Replica("one", cluster)
            let two = Replica("two", cluster)
            try await one.running {
                await one.wait(for: true)
                await one.rest()
                try await two.running {
                    await two.rest()
                    try cluster.api.delete(.leases, namespace: FakeCluster.namespace, name: "sts-gateway")
                    await two.nextAttempt()
                    await two.rest()
                    #expect(lease(cluster) == nil)
                    await one.nextAttempt()
                    await one.nextAttempt(0.1)
                    await cluster.api.waitForRequests(2, to: FakeCluster.leases)
                    await one.rest()
                    #expect(one.leadership.isLeading)
                    #expect(lease(cluster)?["spec"]?["holderIdentity"] == "one")
                }
            }
        }
    }

    @Test("Members of the Lease that others have set stay, and their changes do not end the leadership")
    func foreignMembers() async throws {
        try await FakeCluster.run { cluster in
            let one = Replica("one", cluster)
            try await one.running {
                await one.wait(for: true)
                await one.rest()
                try cluster.api.patch(
                    .leases, namespace: FakeCluster.namespace, name: "sts-gateway",
                    ["metadata": ["annotations": ["example.com/note": "kept"]], "spec": ["preferredHolder": "x"]])
                one.time.advance(by: 2)
                // After the conflict it reads again and writes immediately.
                await one.nextAttempt(0.1)
                await one.rest()
                #expect(one.leadership.isLeading)
                let lease = lease(cluster)
                #expect(lease?["metadata"]?["annotations"]?["example.com/note"] == "kept")
                #expect(lease?["spec"]?["preferredHolder"] == "x")
                #expect(lease?["spec"]?["renewTime"] == "2026-05-08T14:40:02.100000Z")
            }
        }
    }

    @Test("Without permission no replica leads, and the log has the missing permission")
    func forbidden() async throws {
        try await FakeCluster.run { cluster in
            cluster.api.deny("get", "leases")
            let one = Replica("one", cluster)
            await one.running {
                await one.nextAttempt()
                await one.rest()
                #expect(!one.leadership.isLeading)
                #expect(
                    one.log.text.contains(
                        "not allowed to get leases.coordination.k8s.io in namespace \\\"sts-gateway\\\" (403); "
                            + "bind the ServiceAccount to a Role with the verb get on leases of coordination.k8s.io there"
                    ))
            }
        }
    }
}
