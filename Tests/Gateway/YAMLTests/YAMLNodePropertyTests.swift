import GatewayTestSupport
import JSON
import Testing
import YAML

@Suite("Random YAML documents")
struct YAMLNodePropertyTests {
    /// Keys and texts with what needs quotes in YAML, or has a meaning there.
    private static let texts = [
        "", "a", "yes", "012", "~", "<<", "- a", "? a", "a: b", "#", "*a", "&a", "!a", "{", "]", "|", "%", "@", " a ",
        "'",
        "\"", "\\", "\n", "\t", "\u{FEFF}", "é", "e\u{301}", "🔑", "\u{0}", "---", "...",
    ]

    private func value(_ random: inout SeededRandom, depth: Int) -> JSONValue {
        switch depth > 4 ? 0 : Int.random(in: 0..<4, using: &random) {
        case 0, 1: return .string(Self.texts.randomElement(using: &random) ?? "")
        case 2:
            return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in value(&random, depth: depth + 1) })
        default:
            let names = Self.texts.shuffled(using: &random).prefix(Int.random(in: 0..<4, using: &random))
            var members: [JSONValue.Member] = []
            // Swift compares canonical equivalence, as the parser does.
            for name in names where !members.contains(where: { $0.name == name }) {
                members.append(.init(name, value(&random, depth: depth + 1)))
            }
            return .object(members)
        }
    }

    private func read(_ node: YAMLNode) -> JSONValue? {
        switch node {
        case .scalar(let scalar): return scalar.isPlain ? nil : .string(scalar.text)
        case .sequence(let sequence):
            let elements = sequence.elements.compactMap(read)
            return elements.count == sequence.elements.count ? .array(elements) : nil
        case .mapping(let mapping):
            let members = mapping.entries.compactMap { entry -> JSONValue.Member? in
                guard case .string(let name) = read(entry.key), let value = read(entry.value) else { return nil }
                return .init(name, value)
            }
            return members.count == mapping.entries.count ? .object(members) : nil
        }
    }

    /// The value in block style, with the scalars of JSON.
    private func block(_ value: JSONValue, _ indentation: String) -> String {
        switch value {
        case .array(let elements) where !elements.isEmpty:
            elements.map { "\n\(indentation)-\(block($0, indentation + "  "))" }.joined()
        case .object(let members) where !members.isEmpty:
            members.map { "\n\(indentation)\(JSONValue.string($0.name).text):\(block($0.value, indentation + "  "))" }
                .joined()
        default: " \(value.text)"
        }
    }

    @Test("have the same nodes in flow style, which is JSON, and in block style")
    func styles() throws {
        var random = SeededRandom(seed: 23)
        for _ in 0..<2_000 {
            let value = value(&random, depth: 0)
            for text in [value.text, block(value, "")] {
                let node = try #require(try YAMLNode.parse(text), "\(text)")
                #expect(read(node) == value, "\(text)")
            }
        }
    }
}
