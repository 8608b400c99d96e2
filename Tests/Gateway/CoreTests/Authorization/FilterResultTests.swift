import Testing

@testable import GatewayCore

@Suite("The three-valued logic of RFC 4511 §4.5.1.7")
struct FilterResultTests {
    @Test(
        "The conjunction of two results is as in the RFC's table, in either order",
        arguments: [
            (FilterResult.true, FilterResult.true, FilterResult.true),
            (.true, .false, .false),
            (.true, .undefined, .undefined),
            (.false, .false, .false),
            (.false, .undefined, .false),
            (.undefined, .undefined, .undefined),
        ])
    func and(left: FilterResult, right: FilterResult, expected: FilterResult) {
        #expect(left.and(right) == expected)
        #expect(right.and(left) == expected)
    }

    @Test(
        "The disjunction of two results is as in the RFC's table, in either order",
        arguments: [
            (FilterResult.true, FilterResult.true, FilterResult.true),
            (.true, .false, .true),
            (.true, .undefined, .true),
            (.false, .false, .false),
            (.false, .undefined, .undefined),
            (.undefined, .undefined, .undefined),
        ])
    func or(left: FilterResult, right: FilterResult, expected: FilterResult) {
        #expect(left.or(right) == expected)
        #expect(right.or(left) == expected)
    }

    @Test("A negation swaps true and false and leaves undefined")
    func negated() {
        #expect(FilterResult.true.negated == .false)
        #expect(FilterResult.false.negated == .true)
        #expect(FilterResult.undefined.negated == .undefined)
    }
}
