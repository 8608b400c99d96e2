import GatewayCore
import JSON
import Testing

@testable import GatewayApp

@Suite("authz explain --audit-log")
struct AuditReplayTests {
    private let log = """
        {"audit":1,"endpoint":"one","decision":"issued","workload":{"namespace":"shop","saname":"web"}}
        {"audit":1,"endpoint":"one","decision":"issued","workload":{"namespace":"shop","saname":"web"}}
        {"audit":1,"endpoint":"one","decision":"denied","workload":{"namespace":"lab","saname":"job"}}
        {"audit":1,"endpoint":"two","decision":"issued","workload":{"namespace":"shop","saname":"web"}}
        {"audit":1,"endpoint":"one","decision":"invalid-token","reason":"expired"}
        {"audit":1,"decision":"lost","count":3}
        not a record
        """

    private func replay(_ rules: AccessRule..., endpoint: String? = "one") -> AuditReplay {
        AuditReplay(Array(log.utf8), policy: AccessPolicy(rules: rules), endpoint: endpoint)
    }

    @Test("Requests that the rules would decide otherwise are counted by ServiceAccount")
    func changes() throws {
        let replay = replay(try AccessRule(scope: "filter", constraint: "(namespace=lab)"))
        #expect(replay.count == 3)
        #expect(replay.deniedCount == 2)
        #expect(
            replay.text == """
                would be allowed: one lab/job, 1 requests
                would be denied: one shop/web, 2 requests
                3 requests, 2 of them would be denied; 1 lines are no records
                """)
        #expect(
            replay.json["changes"] == [
                ["endpoint": "one", "namespace": "lab", "saname": "job", "denied": 0, "allowed": 1],
                ["endpoint": "one", "namespace": "shop", "saname": "web", "denied": 2, "allowed": 0],
            ])
    }

    @Test("What depends on labels or annotations is not decided, unless another rule allows it")
    func metadata() throws {
        let labeled = try AccessRule(scope: "filter", constraint: "(namespace-label/team=a)")
        let absent = try AccessRule(scope: "filter", constraint: "(!(namespace-label/team=a))")
        for rule in [labeled, absent] {
            let replay = replay(rule)
            #expect(replay.count == 3 && replay.undecided == 3 && replay.deniedCount == 0)
            #expect(replay.text.contains("3 requests are not decided") && replay.json["undecided"] == 3)
        }
        let replay = replay(labeled, try AccessRule(scope: "filter", constraint: "(namespace=shop)"))
        #expect(replay.undecided == 1 && replay.deniedCount == 0)
    }

    @Test("Rules in audit mode count alone")
    func auditMode() throws {
        let enforced = try AccessRule(scope: "dn", constraint: "o=Tremolo")
        let tried = try AccessRule(scope: "filter", constraint: "(namespace=shop)", mode: .audit)
        #expect(replay(enforced, tried).deniedCount == 0)
        #expect(replay(enforced, tried).text.contains("lab/job") == false)
        #expect(replay(enforced, endpoint: nil).count == 4)
    }
}
