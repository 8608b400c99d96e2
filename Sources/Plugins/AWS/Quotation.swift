/// A foreign text inside a message: in quotation marks, cut to 80 characters, and all but printable ASCII escaped.
enum Quotation {
    static func of(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars.prefix(80) {
            let isPlain = (0x20...0x7E).contains(scalar.value) && scalar != "\"" && scalar != "\\"
            quoted += isPlain ? String(scalar) : scalar.escaped(asASCII: true)
        }
        return quoted + (text.unicodeScalars.count > 80 ? "…\"" : "\"")
    }
}
