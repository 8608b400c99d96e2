/// A text with placeholders, such as `{annotation}`, for what a Pod gets. A brace that does not begin a placeholder
/// (`{` and a letter, then letters, digits, `_` or `-`, then `}`) is itself.
package struct InjectionTemplate: Sendable, Equatable, CustomStringConvertible {
    enum Part: Sendable, Equatable {
        case text(String)
        case placeholder(String)
    }

    /// The placeholders that every endpoint has. Others are the endpoint's scalar settings.
    package static let placeholders = [
        "annotation", "namespace", "saname", "cluster", "endpoint", "audience", "issuer", "tokenFile",
    ]

    /// A part of a text that is made of templates.
    package enum Piece: Sendable, Equatable {
        case text(String)
        /// A placeholder; a quoted one is inside a JSON string, where its value is escaped.
        case placeholder(String, isQuoted: Bool)
    }

    let parts: [Part]

    /// The parts, in a place where values are not escaped.
    package var pieces: [Piece] { pieces(quoted: false) }

    func pieces(quoted: Bool) -> [Piece] {
        parts.map { part in
            switch part {
            case .text(let text): .text(text)
            case .placeholder(let name): .placeholder(name, isQuoted: quoted)
            }
        }
    }

    package init(_ text: String) {
        var parts: [Part] = []
        var literal = ""
        var rest = Substring(text)
        while let brace = rest.firstIndex(of: "{") {
            literal += rest[..<brace]
            let inner = rest[rest.index(after: brace)...]
            guard let end = inner.firstIndex(of: "}"), Self.isName(inner[..<end]) else {
                literal += "{"
                rest = inner
                continue
            }
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = ""
            parts.append(.placeholder(String(inner[..<end])))
            rest = inner[inner.index(after: end)...]
        }
        literal += rest
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    /// The names of the placeholders.
    package var names: [String] {
        parts.compactMap { part in
            if case .placeholder(let name) = part { name } else { nil }
        }
    }

    /// The text with values; nil where a placeholder has none.
    ///
    /// - Parameter escape: escapes a value for the place where the text is used.
    func render(_ values: [String: String], escape: (String) -> String = { $0 }) -> String? {
        var text = ""
        for part in parts {
            switch part {
            case .text(let literal): text += literal
            case .placeholder(let name):
                guard let value = values[name] else { return nil }
                text += escape(value)
            }
        }
        return text
    }

    /// The template as written.
    package var description: String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .placeholder(let name): "{\(name)}"
            }
        }.joined()
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { byte in
            isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "_-".utf8.contains(byte)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

/// A variable of every container, whose value is a template.
package struct VariableTemplate: Sendable, Equatable {
    package let name: String
    package let value: InjectionTemplate

    package init(name: String, value: InjectionTemplate) {
        self.name = name
        self.value = value
    }

    /// The maximum length of a value in bytes.
    package static let maximumLength = 4_096
}
