/// The location of a value in a JSON document (RFC 6901).
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// Member names and element indices, unescaped; empty for the whole document.
    package let tokens: [String]

    package init(_ tokens: String...) { self.tokens = tokens }

    private init(tokens: [String]) { self.tokens = tokens }

    /// Parses a pointer; nil where the text is not empty and does not begin with a slash, or has an invalid escape.
    package init?(parsing text: String) {
        guard text.isEmpty || text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [String] = []
        for part in text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let token = Self.unescaped(part) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    package func appending(_ token: String) -> JSONPointer { JSONPointer(tokens: tokens + [token]) }

    package func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

    func below(_ place: JSONPointer) -> JSONPointer { JSONPointer(tokens: place.tokens + tokens) }

    /// After the last element of a list (RFC 6902 §4.1).
    package var end: JSONPointer { appending("-") }

    package var description: String {
        var text = ""
        for token in tokens {
            text += "/"
            text += Self.escaped(token)
        }
        return text
    }

    /// `~` first (RFC 6901 §3).
    private static func escaped(_ token: String) -> String {
        guard token.utf8.contains(UInt8(ascii: "~")) || token.utf8.contains(UInt8(ascii: "/")) else { return token }
        var text = ""
        for scalar in token.unicodeScalars {
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func unescaped(_ token: Substring.UnicodeScalarView) -> String? {
        var text = ""
        var scalars = token.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "~" else {
                text.unicodeScalars.append(scalar)
                continue
            }
            switch scalars.next() {
            case "0": text += "~"
            case "1": text += "/"
            default: return nil
            }
        }
        return text
    }
}
