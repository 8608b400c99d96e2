import JSON

extension JSONValue {
    /// A human-readable YAML document of this object in block style. Text that is not a plain YAML string is written as
    /// a JSON string, which is YAML, too.
    var yamlDocument: String {
        var text = ""
        write(to: &text, indentation: "")
        return text
    }

    /// Writes complete lines.
    private func write(to text: inout String, indentation: String) {
        switch self {
        case .object(let members):
            for (index, member) in members.enumerated() {
                // The line of the first member already has its indentation.
                if index > 0 { text += indentation }
                text += Self.scalar(member.name) + ":"
                member.value.writeMember(to: &text, indentation: indentation)
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                if index > 0 { text += indentation }
                text += "- "
                element.isCollection
                    ? element.write(to: &text, indentation: indentation + "  ") : element.writeScalar(to: &text)
            }
        default: writeScalar(to: &text)
        }
    }

    /// Writes the value after a name and its colon.
    private func writeMember(to text: inout String, indentation: String) {
        guard isCollection else {
            text += " "
            writeScalar(to: &text)
            return
        }
        // A list is not indented, as in the output of kubectl.
        let inner = elements == nil ? indentation + "  " : indentation
        text += "\n" + inner
        write(to: &text, indentation: inner)
    }

    private func writeScalar(to text: inout String) {
        if case .string(let string) = self { text += Self.scalar(string) } else { text += self.text }
        text += "\n"
    }

    private var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// Whether the value is a collection in block style. Empty collections are written as JSON.
    private var isCollection: Bool {
        switch self {
        case .object(let members): !members.isEmpty
        case .array(let elements): !elements.isEmpty
        default: false
        }
    }

    private static func scalar(_ text: String) -> String {
        let startsPlain = text.utf8.first.map { isLetter($0) || $0 == UInt8(ascii: "/") } ?? false
        let isPlain =
            startsPlain && !words.contains(text.lowercased())
            && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "-_./".utf8.contains($0) }
        return isPlain ? text : JSONValue.string(text).text
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// Plain scalars that are not strings in YAML 1.1 or 1.2.
    private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
}
