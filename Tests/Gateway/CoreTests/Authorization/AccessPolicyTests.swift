import GatewayCore
import Testing

@Suite("Policies of access")
struct AccessPolicyTests {
    private func policy(_ rules: (scope: String, constraint: String)...) throws -> AccessPolicy {
        AccessPolicy(rules: try rules.map { try AccessRule(scope: $0.scope, constraint: $0.constraint) })
    }

    @Test("Without rules every request is denied")
    func noRule() {
        #expect(AccessPolicy(rules: []).decide(.sample()) == .denied)
    }

    @Test("The first rule that is true allows")
    func firstRule() throws {
        let policy = try policy(
            ("filter", "(namespace=shop)"), ("group", "system:serviceaccounts:billing"), ("dn", "o=Tremolo"))
        #expect(policy.decide(.sample()) == .allowed(ruleIndex: 1))
        #expect(policy.decide(.sample(namespace: "shop")) == .allowed(ruleIndex: 0))
        #expect(policy.decide(.sample(groups: [])) == .allowed(ruleIndex: 2))
    }

    @Test("A rule in audit mode allows nothing, and is decided apart")
    func auditMode() throws {
        let shop = try AccessRule(scope: "filter", constraint: "(namespace=shop)", mode: .audit)
        let any = try AccessRule(scope: "group", constraint: "system:serviceaccounts:billing")
        let policy = AccessPolicy(rules: [shop, any])
        #expect(policy.decide(.sample(namespace: "shop", groups: [])) == .denied)
        #expect(policy.auditDecision(.sample(namespace: "shop", groups: [])) == .allowed(ruleIndex: 0))
        #expect(policy.decide(.sample()) == .allowed(ruleIndex: 1))
        #expect(policy.auditDecision(.sample()) == .denied)
        #expect(AccessPolicy(rules: [any]).auditDecision(.sample()) == nil)
    }

    @Test("A request without a matching rule is denied")
    func denied() throws {
        let policy = try policy(("filter", "(namespace=shop)"), ("group", "system:serviceaccounts:shop"))
        #expect(policy.decide(.sample()) == .denied)
    }

    @Test(
        "An undefined rule allows no request",
        arguments: ["(team=a)", "(!(team=a))", "(|(team=a)(namespace=shop))"])
    func undefined(text: String) throws {
        let policy = AccessPolicy(rules: [AccessRule(try SearchFilter(parsing: text))])
        #expect(policy.decide(.sample()) == .denied)
        #expect(policy.explain(.sample()).rules.map(\.result) == [.undefined])
    }

    @Test("An explanation has the decision and the results of all rules and filters")
    func explanation() throws {
        let policy = AccessPolicy(rules: [
            AccessRule(try SearchFilter(parsing: "(&(namespace=shop)(!(team=a)))")),
            try AccessRule(scope: "group", constraint: "system:authenticated"),
            try AccessRule(scope: "dn", constraint: "o=Tremolo"),
        ])
        let explanation = policy.explain(.sample())
        #expect(explanation.decision == .allowed(ruleIndex: 1))
        #expect(explanation.rules.map(\.rule) == policy.rules)
        #expect(explanation.rules.map(\.result) == [.false, .true, .true])
        #expect(explanation.rules[1].filter == nil)

        let filter = try #require(explanation.rules[0].filter)
        #expect(filter.text == "(&(namespace=shop)(!(team=a)))")
        #expect(filter.result == .false)
        #expect(filter.parts.map(\.text) == ["(namespace=shop)", "(!(team=a))"])
        #expect(filter.parts.map(\.result) == [.false, .undefined])
        #expect(filter.parts[1].parts.map(\.text) == ["(team=a)"])
        #expect(filter.parts[1].parts.map(\.result) == [.undefined])
        #expect(filter.parts[1].parts[0].parts.isEmpty)
    }

    @Test("Policies are equal if their rules are")
    func equality() throws {
        #expect(try policy(("filter", "(Namespace=a)")) == policy(("FILTER", " (namespace=a) ")))
        #expect(try policy(("filter", "(namespace=a)")) != policy(("filter", "(namespace=A)")))
    }
}
