import JSON

/// Expressions of the Common Expression Language, as Kubernetes evaluates it.
enum CEL {
    /// A string literal.
    static func text(_ text: String) -> String {
        var literal = "'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": literal += "\\\\"
            case "'": literal += "\\'"
            case "\n": literal += "\\n"
            case "\r": literal += "\\r"
            case "\t": literal += "\\t"
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "'"
    }

    /// The text of the literal at the beginning; nil where there is none.
    static func text(literalAt source: Substring) -> String? {
        guard source.first == "'" else { return nil }
        var text = ""
        var isEscaped = false
        for character in source.dropFirst() {
            switch (isEscaped, character) {
            case (false, "'"): return text
            case (false, "\\"): isEscaped = true
            default:
                let escapes: [Character: Character] = ["n": "\n", "r": "\r", "t": "\t"]
                text.append(isEscaped ? escapes[character] ?? character : character)
                isEscaped = false
            }
        }
        return nil
    }

    /// A list of string literals.
    static func texts(_ texts: some Sequence<String>) -> String { "[\(texts.map(text).joined(separator: ", "))]" }

    /// A JSON value. Each part is `dyn`, since members of different types are not allowed otherwise.
    static func value(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): "dyn(\(Self.text(text)))"
        case .array(let elements): "dyn([\(elements.map(Self.value).joined(separator: ", "))])"
        case .object(let members): object(members.map { ($0.name, Self.value($0.value)) })
        default: "dyn(\(value.text))"
        }
    }

    /// An object with expressions as members.
    static func object(_ members: [(name: String, expression: String)]) -> String {
        "dyn({\(members.map { "\(text($0.name)): dyn(\($0.expression))" }.joined(separator: ", "))})"
    }

    /// Whether a text matches a pattern as a whole and is not longer.
    static func matches(_ expression: String, pattern: String, maximumLength: Int? = nil) -> String {
        let match = "\(expression).matches(\(text("^(?:\(pattern))$")))"
        return maximumLength.map { "(\(match) && bytes(\(expression)).size() <= \($0))" } ?? match
    }

    /// The concatenation of string expressions.
    static func joined(_ expressions: [String]) -> String {
        expressions.isEmpty ? "''" : sum(expressions[...])
    }

    /// The sum of expressions in the form of a balanced tree, since parsers limit the depth of expressions.
    static func sum(_ expressions: ArraySlice<String>) -> String {
        guard expressions.count > 1 else { return expressions.first ?? "[]" }
        let middle = expressions.startIndex + expressions.count / 2
        return "(\(sum(expressions[..<middle])) + \(sum(expressions[middle...])))"
    }

    /// The concatenation of lists, each of which is used under a condition.
    static func list(_ parts: [(condition: String, elements: String)]) -> String {
        sum(parts.map { "(\($0.condition) ? \($0.elements) : [])" }[...])
    }

    /// The value of an environment variable that Kubernetes expands to the text: a dollar sign before another one, or
    /// before a parenthesis, is doubled.
    ///
    /// A control character marks the dollar signs meanwhile; policies deny texts that contain one.
    static func escapedVariable(_ expression: String) -> String {
        "\(expression).replace('$', '$\\u0001').replace('\\u0001$', '$$').replace('\\u0001(', '$(')"
            + ".replace('\\u0001', '')"
    }

    /// The text as the inner part of a JSON string, as ``JSONValue/text`` writes it.
    static func escapedJSON(_ expression: String) -> String {
        "\(expression).replace('\\\\', '\\\\\\\\').replace('\"', '\\\\\"').replace('\\n', '\\\\n')"
            + ".replace('\\r', '\\\\r').replace('\\t', '\\\\t')"
    }
}
