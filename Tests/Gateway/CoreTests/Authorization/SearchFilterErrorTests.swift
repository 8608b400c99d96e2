import GatewayCore
import Testing

@Suite("Invalid search filters")
struct SearchFilterErrorTests {
    @Test(
        "An invalid filter is rejected with the reason and the position",
        arguments: [
            ("", .empty, 1),
            (" \n ", .empty, 1),
            ("namespace=a", .missingOpeningParenthesis, 1),
            ("(!namespace=a)", .missingOpeningParenthesis, 3),
            ("(&(uid=a)namespace=b)", .missingOpeningParenthesis, 10),
            ("(", .missingAttribute, 2),
            ("()", .missingAttribute, 2),
            ("(=a)", .missingAttribute, 2),
            ("(<=a)", .missingAttribute, 2),
            ("(:=a)", .missingAttribute, 2),
            ("(:dn:=a)", .missingAttribute, 2),
            ("(uid=a", .missingClosingParenthesis, 7),
            ("(&(uid=a)", .missingClosingParenthesis, 10),
            ("(&", .missingOpeningParenthesis, 3),
            ("(!(uid=a)", .missingClosingParenthesis, 10),
            ("((uid=a))", .doubleParenthesis, 2),
            ("(&)", .emptyList(operator: "&"), 3),
            ("(| )", .emptyList(operator: "|"), 4),
            ("(!)", .emptyNegation, 3),
            ("(!(uid=a)(uid=b))", .severalNegated, 10),
            ("(uid=a)(uid=b)", .trailingText, 8),
            ("(uid=a))", .trailingText, 8),
            ("(uid=a) x", .trailingText, 9),
            ("(pod_name=a)", .malformedAttribute("pod_name"), 2),
            ("(näme=a)", .malformedAttribute("näme"), 2),
            ("(-a=b)", .malformedAttribute("-a"), 2),
            ("(1=b)", .malformedAttribute("1"), 2),
            ("(1.02=b)", .malformedAttribute("1.02"), 2),
            ("(a;=b)", .malformedAttribute("a;"), 2),
            ("(label/=b)", .malformedAttribute("label/"), 2),
            ("(na*e=b)", .malformedAttribute("na*e"), 2),
            ("(namespace)", .missingOperator(attribute: "namespace"), 11),
            ("(namespace = a)", .missingOperator(attribute: "namespace"), 11),
            ("(namespace>a)", .missingOperator(attribute: "namespace"), 11),
            ("(namespace<a)", .missingOperator(attribute: "namespace"), 11),
            ("(namespace~a)", .missingOperator(attribute: "namespace"), 11),
            ("(namespace:a)", .missingOperator(attribute: "namespace"), 11),
            ("(namespace:a:b:=c)", .missingOperator(attribute: "namespace"), 11),
            ("(namespace::=c)", .missingOperator(attribute: "namespace"), 11),
            ("(&(uid=a(namespace=b))", .unescapedParenthesis, 9),
            ("(uid=**)", .doubleWildcard, 6),
            ("(uid=é**b)", .doubleWildcard, 7),
            ("(uid=a*b**)", .doubleWildcard, 9),
            ("(uid>=a*)", .unescapedWildcard(operator: ">="), 8),
            ("(uid<=*)", .unescapedWildcard(operator: "<="), 7),
            ("(uid~=a*)", .unescapedWildcard(operator: "~="), 8),
            (#"(uid=\)"#, .malformedEscape, 6),
            (#"(uid=\2)"#, .malformedEscape, 6),
            (#"(uid=a\zz)"#, .malformedEscape, 7),
            (#"(uid=\(\))"#, .malformedEscape, 6),
            (#"(uid=a\2"#, .malformedEscape, 7),
            ("(uid=a\0b)", .unescapedNUL, 7),
            (#"(uid=a\ff)"#, .notUTF8, 6),
            (#"(uid=\c4)"#, .notUTF8, 6),
            (#"(uid=\c4*\8d)"#, .notUTF8, 6),
            (#"(uid=a*\c0\80)"#, .notUTF8, 8),
            (#"(uid=\ed\a0\80)"#, .notUTF8, 6),
            (#"(uid=\f4\90\80\80)"#, .notUTF8, 6),
        ] as [(String, SearchFilterError.Reason, Int)])
    func refused(text: String, reason: SearchFilterError.Reason, position: Int) {
        #expect(throws: SearchFilterError(reason, at: position)) { try SearchFilter(parsing: text) }
    }

    @Test("Excessive nesting is rejected at its position")
    func tooDeep() {
        let text = String(repeating: "(!", count: SearchFilter.maximumDepth) + "(uid=a)"
        let position = 2 * SearchFilter.maximumDepth + 1
        #expect(throws: SearchFilterError(.tooDeep, at: position)) { try SearchFilter(parsing: text) }
    }

    @Test("Ten thousand parentheses are rejected without recursion")
    func manyParentheses() {
        let many = 10_000
        #expect(throws: SearchFilterError(.doubleParenthesis, at: 2)) {
            try SearchFilter(parsing: String(repeating: "(", count: many))
        }
        #expect(throws: SearchFilterError(.missingOpeningParenthesis, at: 1)) {
            try SearchFilter(parsing: String(repeating: ")", count: many))
        }
        #expect(throws: SearchFilterError(.tooLong, at: 1)) {
            try SearchFilter(parsing: String(repeating: "(&", count: many))
        }
        #expect(throws: SearchFilterError(.tooDeep, at: 2 * SearchFilter.maximumDepth + 1)) {
            try SearchFilter(parsing: String(repeating: "(|", count: SearchFilter.maximumLength / 2))
        }
        #expect(throws: SearchFilterError(.trailingText, at: 8)) {
            try SearchFilter(parsing: "(uid=a)" + String(repeating: ")", count: many))
        }
    }

    @Test(
        "The text of an error has the position and what is expected",
        arguments: [
            ("", "empty filter; expected one such as (namespace=myns)"),
            (
                "namespace=a",
                #"character 1: missing "("; "#
                    + "every filter needs parentheses, such as (namespace=myns)"
            ),
            (
                "(uid=a**)",
                #"character 7: "**" is not supported; "#
                    + #"use "*", which matches any text"#
            ),
            (
                "(namespace = a)",
                #"character 11: missing operator; expected "=", ">=", "<=" or "~=" directly after "namespace""#
            ),
            (
                #"(uid=\c4)"#,
                "character 6: the escapes of this value are not UTF-8; use the character itself, or all of its bytes"
            ),
            (
                "(cn:caseExactMatch:=Fred)",
                #"character 4: ":=", the extensible match by the rule "caseExactMatch", "#
                    + "is not supported; "
                    + "use (cn=…), which compares exactly"
            ),
            (
                "(pod_name=a)",
                #"character 2: invalid attribute "pod_name"; "#
                    + #"expected a letter, then letters, digits and "-""#
            ),
        ])
    func text(filter: String, expected: String) throws {
        let error = try #require(throws: SearchFilterError.self) { try SearchFilter(parsing: filter) }
        #expect(error.description == expected)
    }
}
