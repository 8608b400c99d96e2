import Testing

@testable import GatewayCore

@Suite("Evaluation of search filters")
struct SearchFilterEvaluationTests {
    @Test(
        "A filter has this value for the ServiceAccount billing/writer of the cluster production",
        arguments: [
            ("(namespace=billing)", .true),
            ("(NAMESPACE=billing)", .true),
            ("(namespace=Billing)", .false),
            ("(namespace=billin)", .false),
            ("(namespace=billing )", .false),
            ("(namespace=)", .false),
            (#"(namespace=\62illing)"#, .true),
            ("(&(namespace=billing)(saname=writer))", .true),
            ("(&(namespace=billing)(saname=reader))", .false),
            ("(|(namespace=shop)(saname=writer))", .true),
            ("(|(namespace=shop)(saname=reader))", .false),
            ("(!(saname=default))", .true),
            ("(!(saname=writer))", .false),
            ("(username=system:serviceaccount:billing:writer)", .true),
            ("(groups=system:serviceaccounts:billing)", .true),
            ("(groups=system:serviceaccounts:shop)", .false),
            ("(groups=*:billing)", .true),
            ("(!(groups=system:authenticated))", .false),
            ("(pod-name=*)", .true),
            // Ordering, both ends included.
            ("(namespace>=billing)", .true),
            ("(namespace>=billina)", .true),
            ("(namespace>=billinga)", .false),
            ("(namespace>=billin)", .true),
            ("(namespace>=c)", .false),
            ("(namespace<=billing)", .true),
            ("(namespace<=billin)", .false),
            ("(namespace<=billingz)", .true),
            ("(namespace<=c)", .true),
            ("(namespace<=B)", .false),
            ("(namespace>=)", .true),
            ("(namespace~=billing)", .true),
            ("(namespace~=Billing)", .false),
            // Substrings.
            ("(namespace=bill*)", .true),
            ("(namespace=*ing)", .true),
            ("(namespace=*ll*)", .true),
            ("(namespace=b*l*g)", .true),
            ("(namespace=*l*l*)", .true),
            ("(namespace=*l*l*l*)", .false),
            ("(namespace=billing*)", .true),
            ("(namespace=billing*billing)", .false),
            ("(namespace=bil*lling)", .false),
            ("(namespace=*g*n*)", .false),
            ("(namespace=*ill*ing)", .true),
            ("(namespace=*illi*ing)", .false),
            (#"(namespace=bill\2a)"#, .false),
        ] as [(String, FilterResult)])
    func values(text: String, expected: FilterResult) throws {
        #expect(try SearchFilter(parsing: text).evaluate(.sample()) == expected)
    }

    @Test(
        "A comparison with an absent attribute is false, and its negation is true",
        arguments: [
            "(pod-name=writer-0)", "(pod-name=*)", "(pod-name=w*)", "(node-uid>=a)", "(node-name<=z)", "(pod-uid~=a)",
        ])
    func absent(text: String) throws {
        let unbound = WorkloadAttributes.sample(isBoundToPod: false)
        #expect(try SearchFilter(parsing: text).evaluate(unbound) == .false)
        #expect(try SearchFilter(parsing: "(!\(text))").evaluate(unbound) == .true)
    }

    @Test(
        "A comparison with an unknown attribute is undefined, and so is its negation",
        arguments: ["(team=a)", "(team=*)", "(team=a*)", "(team>=a)", "(team<=a)", "(team~=a)"])
    func unknown(text: String) throws {
        #expect(try SearchFilter(parsing: text).evaluate(.sample()) == .undefined)
        #expect(try SearchFilter(parsing: "(!\(text))").evaluate(.sample()) == .undefined)
    }

    @Test(
        "An undefined part does not decide; a defined part may",
        arguments: [
            ("(&(team=a)(namespace=billing))", .undefined),
            ("(&(team=a)(namespace=shop))", .false),
            ("(|(team=a)(namespace=billing))", .true),
            ("(|(team=a)(namespace=shop))", .undefined),
            ("(!(&(team=a)(namespace=shop)))", .true),
            ("(!(|(team=a)(namespace=shop)))", .undefined),
        ] as [(String, FilterResult)])
    func mixed(text: String, expected: FilterResult) throws {
        #expect(try SearchFilter(parsing: text).evaluate(.sample()) == expected)
    }

    @Test("Values are compared by Unicode scalars, not by canonical equivalence")
    func scalars() throws {
        let decomposed = WorkloadAttributes.sample(groups: ["caf\u{65}\u{301}"])
        #expect(try SearchFilter(parsing: #"(groups=caf\65\cc\81)"#).evaluate(decomposed) == .true)
        #expect(try SearchFilter(parsing: "(groups=caf\u{e9})").evaluate(decomposed) == .false)
        #expect(try SearchFilter(parsing: "(groups=cafe*)").evaluate(decomposed) == .true)
        // U+FFFD comes before U+1F600, though its UTF-16 code unit comes after.
        let emoji = WorkloadAttributes.sample(groups: ["\u{1f600}"])
        #expect(try SearchFilter(parsing: "(groups>=\u{fffd})").evaluate(emoji) == .true)
        #expect(try SearchFilter(parsing: "(groups<=\u{fffd})").evaluate(emoji) == .false)
    }
}
