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
        var text: [UInt8] = []
        for token in tokens {
            text.append(UInt8(ascii: "/"))
            // RFC 6901 §3.
            for byte in token.utf8 {
                switch byte {
                case UInt8(ascii: "~"): text.append(contentsOf: "~0".utf8)
                case UInt8(ascii: "/"): text.append(contentsOf: "~1".utf8)
                default: text.append(byte)
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
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
