import Testing

@testable import GatewayCore

@Suite("Parsing and printing of search filters")
struct SearchFilterParsingTests {
    @Test(
        "An example of RFC 4515 §4 without a matching rule is parsed and printed in canonical form",
        arguments: [
            ("(cn=Babs Jensen)", "(cn=Babs Jensen)"),
            ("(!(cn=Tim Howes))", "(!(cn=Tim Howes))"),
            (
                "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
                "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))"
            ),
            ("(o=univ*of*mich*)", "(o=univ*of*mich*)"),
            ("(seeAlso=)", "(seeAlso=)"),
            (
                #"(o=Parens R Us \28for all your parenthetical needs\29)"#,
                #"(o=Parens R Us \28for all your parenthetical needs\29)"#
            ),
            (#"(cn=*\2A*)"#, #"(cn=*\2a*)"#),
            (#"(filename=C:\5cMyFile)"#, #"(filename=C:\5cMyFile)"#),
            (#"(bin=\00\00\00\04)"#, #"(bin=\00\00\00\04)"#),
            (#"(sn=Lu\c4\8di\c4\87)"#, "(sn=Lučić)"),
            (#"(1.3.6.1.4.1.1466.0=\04\02\48\69)"#, #"(1.3.6.1.4.1.1466.0=\04\02Hi)"#),
        ])
    func examples(text: String, canonical: String) throws {
        let filter = try SearchFilter(parsing: text)
        #expect(filter.description == canonical)
        #expect(try SearchFilter(parsing: canonical) == filter)
    }

    @Test(
        "An example of RFC 4515 §4 with an extensible match is rejected with its matching rule",
        arguments: [
            ("(cn:caseExactMatch:=Fred Flintstone)", 4, "cn", "caseExactMatch"),
            ("(cn:=Betty Rubble)", 4, "cn", nil),
            ("(sn:dn:2.4.6.8.10:=Barney Rubble)", 4, "sn", "2.4.6.8.10"),
            ("(o:dn:=Ace Industry)", 3, "o", nil),
            ("(:1.2.3:=Wilma Flintstone)", 2, nil, "1.2.3"),
            ("(:DN:2.4.6.8.10:=Dino)", 2, nil, "2.4.6.8.10"),
        ] as [(String, Int, String?, String?)])
    func extensibleMatches(text: String, position: Int, attribute: String?, rule: String?) {
        let expected = SearchFilterError(.extensibleMatch(attribute: attribute, rule: rule), at: position)
        #expect(throws: expected) { try SearchFilter(parsing: text) }
        if let rule { #expect(expected.description.contains(rule)) }
    }

    @Test("The filters of OpenUnison's documentation and every operator are parsed")
    func operators() throws {
        func item(_ attribute: WorkloadAttribute, _ assertion: SearchFilter.Assertion) -> SearchFilter.Node {
            .item(.known(attribute), assertion)
        }
        func root(_ text: String) throws -> SearchFilter.Node { try SearchFilter(parsing: text).root }

        #expect(try root("(namespace=myns)") == item(.namespace, .equal(AssertionValue("myns"))))
        #expect(
            try root("(&(namespace=a)(saname=b))")
                == .and([
                    item(.namespace, .equal(AssertionValue("a"))),
                    item(.serviceAccountName, .equal(AssertionValue("b"))),
                ]))
        #expect(try root("(|(uid=1))") == .or([item(.uid, .equal(AssertionValue("1")))]))
        #expect(try root("(!(uid=1))") == .not(item(.uid, .equal(AssertionValue("1")))))
        #expect(try root("(pod-name=*)") == item(.podName, .present))
        #expect(try root("(cluster>=b)") == item(.cluster, .atLeast(AssertionValue("b"))))
        #expect(try root("(cluster<=b)") == item(.cluster, .atMost(AssertionValue("b"))))
        #expect(try root("(cluster~=b)") == item(.cluster, .approximatelyEqual(AssertionValue("b"))))
        #expect(try root("(cluster=a=b)") == item(.cluster, .equal(AssertionValue("a=b"))))
        #expect(
            try root("(cluster=a*b*c*d)")
                == item(
                    .cluster,
                    .substring(
                        SubstringAssertion(
                            initial: AssertionValue("a"), middle: [AssertionValue("b"), AssertionValue("c")],
                            final: AssertionValue("d")))))
    }

    @Test("Attribute names are case-insensitive, and values are not")
    func letterCase() throws {
        let filter = try SearchFilter(parsing: "(NameSpace=MyNS)")
        #expect(filter == (try SearchFilter(parsing: "(namespace=MyNS)")))
        #expect(filter.description == "(namespace=MyNS)")
        #expect(filter != (try SearchFilter(parsing: "(namespace=myns)")))
    }

    @Test("Canonically equivalent values are different")
    func canonicalEquivalence() throws {
        let composed = try SearchFilter(parsing: "(namespace=\u{e9})")
        let decomposed = try SearchFilter(parsing: "(namespace=e\u{301})")
        #expect(composed != decomposed)
    }

    @Test("White space is ignored outside of values and significant in them")
    func blanks() throws {
        let text = " \n(&\n  (namespace= a b )\r\n\t( saname=c)\n  (! (uid=d) ) ) \n"
        #expect(try SearchFilter(parsing: text).description == "(&(namespace= a b )(saname=c)(!(uid=d)))")
    }

    @Test("Unknown attributes are listed without duplicates in the order of the filter")
    func unknownAttributes() throws {
        let filter = try SearchFilter(
            parsing: "(&(ns=a)(saname=b)(!(Team=c))"
                + "(|(ns=d)(namespace-label/example.com/team=e)(cn;lang-de=*)(1.2.3<=f)))")
        #expect(filter.unknownAttributes == ["ns", "Team", "cn;lang-de", "1.2.3"])
        #expect(try SearchFilter(parsing: "(&(NAMESPACE=a)(saname=b))").unknownAttributes.isEmpty)
    }

    @Test("A filter of the maximum depth is parsed, printed and evaluated")
    func greatestDepth() throws {
        let operators = SearchFilter.maximumDepth - 1
        let text = String(repeating: "(!", count: operators) + "(uid=a)" + String(repeating: ")", count: operators)
        let filter = try SearchFilter(parsing: text)
        #expect(filter.description == text)
        #expect(filter.evaluate(.sample(uid: "a")) == .false)
    }

    @Test("A filter of the maximum length is parsed")
    func greatestLength() throws {
        let value = String(repeating: "a", count: SearchFilter.maximumLength - "(uid=)".utf8.count)
        #expect(try SearchFilter(parsing: "(uid=\(value))").evaluate(.sample(uid: value)) == .true)
    }
}
