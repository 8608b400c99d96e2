import GatewayCore
import Testing

@Suite("Rules of access")
struct AccessRuleTests {
    @Test("A rule is parsed by its scope, which is case-insensitive")
    func scopes() throws {
        let filter = try SearchFilter(parsing: "(namespace=myns)")
        #expect(try AccessRule(scope: "filter", constraint: "(namespace=myns)").scope == .filter(filter))
        #expect(try AccessRule(scope: "Filter", constraint: "(namespace=myns)") == AccessRule(filter))
        #expect(
            try AccessRule(scope: "group", constraint: "system:serviceaccounts:myns").scope
                == .group("system:serviceaccounts:myns"))
    }

    @Test(
        "The root of OpenUnison's directory is recognized in every spelling",
        arguments: ["o=Tremolo", "O = tremolo", " o=TREMOLO\n"])
    func root(name: String) throws {
        #expect(try AccessRule(scope: "dn", constraint: name).scope == .anyServiceAccount)
    }

    @Test(
        "An invalid rule is rejected with the error and what is expected",
        arguments: [
            (
                "custom", "x", .unknownScope("custom"),
                #"unknown scope "custom"; expected filter, group, or dn with the constraint o=Tremolo"#
            ),
            (
                "", "(uid=a)", .unknownScope(""),
                #"unknown scope ""; expected filter, group, or dn with the constraint o=Tremolo"#
            ),
            (
                "dn", "ou=users,o=Tremolo", .unknownDistinguishedName("ou=users,o=Tremolo"),
                #"unknown dn "ou=users,o=Tremolo"; expected o=Tremolo, which allows every ServiceAccount, "#
                    + "or scope filter or group instead"
            ),
            (
                "group", "", .emptyGroup, "empty group; expected one such as system:serviceaccounts:myns"
            ),
            (
                "group", " \t", .emptyGroup, "empty group; expected one such as system:serviceaccounts:myns"
            ),
            (
                "filter", "(uid=a", .malformedFilter(SearchFilterError(.missingClosingParenthesis, at: 7)),
                #"character 7: missing ")"; every "(" needs one"#
            ),
            (
                "filter", "(&(ns=a)(sa=b)(uid=c)(NS=d))", .unknownAttributes(["ns", "sa", "NS"]),
                #"unknown attribute "ns", "sa", "NS"; "#
                    + "expected one of namespace, saname, cluster, username, uid, groups, "
                    + "pod-name, pod-uid, node-name, node-uid, credential-id, endpoint, "
                    + "namespace-label/KEY, sa-label/KEY, sa-annotation/KEY"
            ),
        ] as [(String, String, AccessRuleError, String)])
    func refused(scope: String, constraint: String, expected: AccessRuleError, text: String) {
        #expect(throws: expected) { try AccessRule(scope: scope, constraint: constraint) }
        #expect(expected.description == text)
    }

    @Test("A group allows its members, compared exactly")
    func groups() throws {
        func result(_ group: String) throws -> FilterResult {
            try AccessRule(scope: "group", constraint: group).evaluate(.sample())
        }
        #expect(try result("system:serviceaccounts:billing") == .true)
        #expect(try result("system:serviceaccounts:Billing") == .false)
        #expect(try result("system:serviceaccounts:bill*") == .false)
        #expect(try result("system:serviceaccounts:shop") == .false)
        let accented = WorkloadAttributes.sample(groups: ["caf\u{e9}"])
        #expect(try AccessRule(scope: "group", constraint: "cafe\u{301}").evaluate(accented) == .false)
    }

    @Test("A rule prints as its scope and its constraint")
    func description() throws {
        #expect(try AccessRule(scope: "FILTER", constraint: " (Namespace=a)").description == "filter (namespace=a)")
        #expect(try AccessRule(scope: "group", constraint: "a").description == "group a")
        #expect(try AccessRule(scope: "dn", constraint: "o=tremolo").description == "dn o=Tremolo")
    }

    @Test(
        "A rule that allows everyone, or is probably a mistake, causes a warning",
        arguments: [
            ("dn", "o=Tremolo", "allows every ServiceAccount of the cluster"),
            ("group", "system:serviceaccounts", "allows every ServiceAccount of the cluster"),
            ("group", "system:authenticated", "allows every ServiceAccount of the cluster"),
            ("group", " a", "white space"),
            ("filter", "(namespace= a)", "white space"),
            ("filter", "(&(cluster=a)(namespace<=a ))", "(namespace<=a )"),
            ("filter", "(namespace=a* )", "white space"),
            ("filter", "(!(namespace~=a))", "(namespace~=a)"),
        ])
    func warnings(scope: String, constraint: String, expected: String) throws {
        let warnings = try AccessRule(scope: scope, constraint: constraint).warnings
        #expect(warnings.count == 1)
        #expect(warnings.allSatisfy { $0.contains(expected) && $0.last != "." })
    }

    @Test("A usual rule causes no warning")
    func noWarnings() throws {
        #expect(try AccessRule(scope: "filter", constraint: "(&(namespace=a b)(saname=*)(uid=a* *b))").warnings.isEmpty)
        #expect(try AccessRule(scope: "group", constraint: "system:serviceaccounts:myns").warnings.isEmpty)
    }
}
