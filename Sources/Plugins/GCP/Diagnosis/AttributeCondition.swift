import JSON

/// The condition of a provider, in a part of the Common Expression Language: comparisons of claims and attributes with
/// texts, `in` with a list of texts, `startsWith`, `endsWith` and `contains`, joined by `&&`, `||`, `!` and parentheses.
struct AttributeCondition {
    /// A part of the expression; unknown where it depends on what is not known.
    private enum Truth {
        case yes
        case no
        case unknown

        init(_ isTrue: Bool) { self = isTrue ? .yes : .no }

        var negated: Truth { self == .yes ? .no : self == .no ? .yes : .unknown }
        func and(_ other: Truth) -> Truth {
            self == .no || other == .no ? .no : self == .yes && other == .yes ? .yes : .unknown
        }
    }

    private enum Operand {
        case value(JSONValue?)
        case list([JSONValue])
    }

    /// The expression has a part that is not supported.
    private struct Unsupported: Error {}

    private let value: (String) -> JSONValue?
    private var rest: Substring
    private var depth = 0

    private static let maximumDepth = 20
    private static let functions: [(name: String, holds: @Sendable (String, String) -> Bool)] = [
        (".startsWith(", { $0.hasPrefix($1) }), (".endsWith(", { $0.hasSuffix($1) }),
        (".contains(", { $0.firstRange(of: $1) != nil }),
    ]

    /// - Parameter value: of a name such as `assertion.sub`; nil where it is not known.
    /// - Returns: nil where the expression has other parts, or depends on what is not known.
    static func evaluate(_ text: String, value: @escaping (String) -> JSONValue?) -> Bool? {
        var condition = AttributeCondition(value: value, rest: text[...])
        do throws(Unsupported) {
            let truth = try condition.disjunction()
            guard condition.skipped().isEmpty else { return nil }
            return truth == .unknown ? nil : truth == .yes
        } catch {
            return nil
        }
    }

    // MARK: Operators

    private mutating func disjunction() throws(Unsupported) -> Truth {
        var truth = try conjunction()
        while take("||") { truth = truth.negated.and(try conjunction().negated).negated }
        return truth
    }

    private mutating func conjunction() throws(Unsupported) -> Truth {
        var truth = try term()
        while take("&&") { truth = truth.and(try term()) }
        return truth
    }

    private mutating func term() throws(Unsupported) -> Truth {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw Unsupported() }
        if skipped().hasPrefix("!"), !rest.hasPrefix("!=") {
            rest.removeFirst()
            return try term().negated
        }
        if take("(") {
            let truth = try disjunction()
            guard take(")") else { throw Unsupported() }
            return truth
        }
        return try comparison()
    }

    private mutating func comparison() throws(Unsupported) -> Truth {
        let left = try operand()
        guard case .value(let value) = left else { throw Unsupported() }
        for (name, holds) in Self.functions where take(name) {
            guard case .value(let argument) = try operand(), take(")") else { throw Unsupported() }
            guard let text = value?.stringValue, let argument = argument?.stringValue else { return .unknown }
            return Truth(holds(text, argument))
        }
        let isEqual = take("==")
        if isEqual || take("!=") {
            guard case .value(let other) = try operand() else { throw Unsupported() }
            guard let value, let other else { return .unknown }
            return Truth((value == other) == isEqual)
        }
        if take("in ") {
            let list: [JSONValue]?
            switch try operand() {
            case .list(let elements): list = elements
            case .value(let other): list = other?.elementList
            }
            guard let value, let list else { return .unknown }
            return Truth(list.contains(value))
        }
        guard case .bool(let isTrue)? = value else { return .unknown }
        return Truth(isTrue)
    }

    // MARK: Operands

    private mutating func operand() throws(Unsupported) -> Operand {
        guard let first = skipped().first else { throw Unsupported() }
        if first == "'" || first == "\"" { return .value(.string(try text(first))) }
        if take("[") {
            var elements: [JSONValue] = []
            while !take("]") {
                guard case .value(let element?) = try operand(), take(",") || skipped().hasPrefix("]") else {
                    throw Unsupported()
                }
                elements.append(element)
            }
            return .list(elements)
        }
        var name = ""
        while let next = rest.first, next.isASCII, next.isLetter || next.isNumber || "._".contains(next) {
            // A function ends the name.
            if next == ".", Self.functions.contains(where: { rest.hasPrefix($0.name) }) { break }
            name.append(next)
            rest.removeFirst()
        }
        switch name {
        case "true": return .value(true)
        case "false": return .value(false)
        default: break
        }
        guard ["assertion.", "attribute.", "google."].contains(where: name.hasPrefix), rest.first != "(" else {
            throw Unsupported()
        }
        return .value(value(name))
    }

    private mutating func text(_ quote: Character) throws(Unsupported) -> String {
        rest.removeFirst()
        guard let end = rest.firstIndex(of: quote) else { throw Unsupported() }
        let text = rest[..<end]
        guard !text.contains("\\") else { throw Unsupported() }
        rest = rest[rest.index(after: end)...]
        return String(text)
    }

    private mutating func skipped() -> Substring {
        rest = rest.drop(while: \.isWhitespace)
        return rest
    }

    private mutating func take(_ text: String) -> Bool {
        guard skipped().hasPrefix(text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }
}
