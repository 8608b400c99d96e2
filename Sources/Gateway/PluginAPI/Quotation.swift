/// Foreign text inside an error message, such as a configured value or an annotation.
public enum Quotation {
    /// Returns the text in double quotes on one line: cut after `limit` Unicode scalars (then it ends in `…`), and with all
    /// but printable ASCII escaped as in a Swift literal (`\n`, `\u{202E}`).
    public static func of(_ text: String, limit: Int = 80) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars.prefix(limit) {
            let isPlain = (0x20...0x7E).contains(scalar.value) && scalar != "\"" && scalar != "\\"
            quoted += isPlain ? String(scalar) : scalar.escaped(asASCII: true)
        }
        return quoted + (text.unicodeScalars.count > limit ? "…\"" : "\"")
    }
}
