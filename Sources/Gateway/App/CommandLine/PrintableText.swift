/// Text from outside, such as a Pod's name, an annotation or a document, in the output of a command.
enum PrintableText {
    /// Returns the text on one line: all but printable ASCII is escaped as in a Swift literal, so that a terminal does not
    /// interpret it, and what looks like a token or a key is removed.
    ///
    /// - Parameter limit: the maximum number of characters; then the text ends in `…`.
    static func line(_ text: String, limit: Int = 400) -> String {
        var line = ""
        for scalar in withoutSecrets(text).unicodeScalars.prefix(limit) {
            let isPlain = (0x20...0x7E).contains(scalar.value) || scalar == "…"
            line += isPlain ? String(scalar) : scalar.escaped(asASCII: true)
        }
        return text.unicodeScalars.count > limit ? line + "…" : line
    }

    /// Replaces compact JWTs (their header begins with `{"`, in base64url `eyJ`) and everything from the first PEM block.
    private static func withoutSecrets(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        if let block = rest.firstRange(of: "-----BEGIN") {
            let tail = rest[block.lowerBound...]
            rest = rest[..<block.lowerBound]
            return withoutSecrets(String(rest)) + "[PEM removed, \(tail.utf8.count) bytes]"
        }
        while let start = rest.firstRange(of: "eyJ") {
            result += rest[..<start.lowerBound]
            let token = rest[start.lowerBound...].prefix(while: isOfToken)
            result += token.utf8.count >= minimumTokenLength ? "[token removed]" : String(token)
            rest = rest[token.endIndex...]
        }
        return result + rest
    }

    private static let minimumTokenLength = 16

    private static func isOfToken(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "-_.=+/".contains(character))
    }
}
