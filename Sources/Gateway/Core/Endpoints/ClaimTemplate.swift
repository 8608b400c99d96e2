/// The text of a claim with attributes of the workload, such as `{namespace}/{saname}`, or in OpenUnison's form
/// `${namespace}/${saname}`.
package struct ClaimTemplate: Sendable, Equatable {
    package enum Part: Sendable, Equatable {
        case text(String)
        case attribute(String)
    }

    package let parts: [Part]

    /// Parses a text. Braces that contain no attribute stay as they are.
    ///
    /// - Parameters:
    ///   - opening: `{` or `${`.
    ///   - isAttribute: whether the name is that of an attribute.
    package init(_ text: String, opening: String = "{", isAttribute: (String) -> Bool) {
        var parts: [Part] = []
        var literal = ""
        var rest = Substring(text)
        while let start = rest.firstRange(of: opening) {
            literal += rest[..<start.lowerBound]
            let inner = rest[start.upperBound...]
            guard let end = inner.firstIndex(of: "}"), isAttribute(String(inner[..<end])) else {
                literal += opening
                rest = inner
                continue
            }
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = ""
            parts.append(.attribute(String(inner[..<end])))
            rest = inner[inner.index(after: end)...]
        }
        literal += rest
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    /// The names of the attributes.
    package var attributes: [String] {
        parts.compactMap { part in
            if case .attribute(let name) = part { name } else { nil }
        }
    }
}
