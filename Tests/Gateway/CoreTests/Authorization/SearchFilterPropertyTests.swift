import GatewayTestSupport
import Testing

@testable import GatewayCore

@Suite("Properties of every search filter")
struct SearchFilterPropertyTests {
    @Test(
        "A printed filter is parsed as an equal one with the same results",
        arguments: 0..<8 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let workloads: [WorkloadAttributes] = [
            .sample(), .sample(namespace: "a", name: "b", uid: nil, isBoundToPod: false, groups: []),
            .sample(namespace: "*", name: "(", uid: "\\", groups: ["a\0b", "é", "a b"]),
        ]
        for _ in 0..<400 {
            let filter = SearchFilter(root: randomNode(depth: Int.random(in: 1...6, using: &random), using: &random))
            let text = filter.description
            let parsed = try SearchFilter(parsing: text)
            #expect(parsed == filter, "\(text)")
            #expect(parsed.description == text)
            for workload in workloads {
                #expect(parsed.evaluate(workload) == filter.evaluate(workload), "\(text)")
                #expect(parsed.evaluate(workload) == reference(filter.root, workload), "\(text)")
            }
        }
    }

    @Test(
        "Every text is a filter or an error with a position",
        arguments: 0..<8 as Range<UInt64>)
    func anyText(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pieces = [
            "(", ")", "(", ")", "&", "|", "!", "=", "=", ">=", "<=", "~=", ":=", ":", "*", "\\", #"\2a"#, #"\c3"#,
            #"\a9"#, "uid", "ns", "é", " ", "\n", "\0", "dn", "a",
        ]
        for _ in 0..<1_500 {
            let count = Int.random(in: 0...14, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            do {
                let filter = try SearchFilter(parsing: text)
                #expect(try SearchFilter(parsing: filter.description) == filter)
            } catch {
                #expect((1...(text.unicodeScalars.count + 1)).contains(error.position))
                #expect(error.description.last != ".")
            }
        }
    }

    /// The evaluation of the RFC without shortcuts.
    private func reference(_ node: SearchFilter.Node, _ attributes: WorkloadAttributes) -> FilterResult {
        switch node {
        case .and(let parts):
            let results = parts.map { reference($0, attributes) }
            if results.contains(.false) { return .false }
            return results.contains(.undefined) ? .undefined : .true
        case .or(let parts):
            let results = parts.map { reference($0, attributes) }
            if results.contains(.true) { return .true }
            return results.contains(.undefined) ? .undefined : .false
        case .not(let part):
            switch reference(part, attributes) {
            case .true: return .false
            case .false: return .true
            case .undefined: return .undefined
            }
        case .item(let attribute, let assertion):
            switch attributes.lookup(attribute.name) {
            case .unknown: return .undefined
            case .absent: return .false
            case .values(let values): return values.contains(where: assertion.matches) ? .true : .false
            }
        }
    }

    private func randomNode(depth: Int, using random: inout SeededRandom) -> SearchFilter.Node {
        guard depth > 1 else { return randomItem(using: &random) }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .not(randomNode(depth: depth - 1, using: &random))
        case 1: return .and(randomNodes(depth: depth - 1, using: &random))
        case 2: return .or(randomNodes(depth: depth - 1, using: &random))
        default: return randomItem(using: &random)
        }
    }

    private func randomNodes(depth: Int, using random: inout SeededRandom) -> [SearchFilter.Node] {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in randomNode(depth: depth, using: &random) }
    }

    private func randomItem(using random: inout SeededRandom) -> SearchFilter.Node {
        let name = (WorkloadAttributes.names + ["team", "1.2.3", "cn;lang-de", "sa-label/example.com/team_a"])
            .randomElement(using: &random)
        let attribute = SearchFilter.Attribute(named: name ?? "uid")
        let value = AssertionValue(randomText(using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .item(attribute, .present)
        case 1: return .item(attribute, .equal(value))
        case 2: return .item(attribute, .approximatelyEqual(value))
        case 3: return .item(attribute, .atLeast(value))
        case 4: return .item(attribute, .atMost(value))
        default:
            func part() -> AssertionValue? {
                let text = randomText(using: &random)
                return text.isEmpty ? nil : AssertionValue(text)
            }
            let parts = SubstringAssertion(
                initial: part(), middle: (0..<Int.random(in: 0...2, using: &random)).compactMap { _ in part() },
                final: part())
            return .item(attribute, parts == SubstringAssertion() ? .present : .substring(parts))
        }
    }

    private func randomText(using random: inout SeededRandom) -> String {
        let pieces = [
            "a", "b", "i", "l", "billing", "w", "(", ")", "*", "\\", "\0", " ", "\n", "\u{7f}", "é", "e\u{301}", "😀",
            "=", "&",
        ]
        let count = Int.random(in: 0...4, using: &random)
        return (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }
}
