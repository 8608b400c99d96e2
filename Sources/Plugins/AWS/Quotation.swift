/// A foreign text inside a message: in quotation marks, cut to 80 characters or so many, and all but printable ASCII
/// escaped.
enum Quotation {
    static func of(_ text: String, _ length: Int = 80) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars.prefix(length) {
            let isPlain = (0x20...0x7E).contains(scalar.value) && scalar != "\"" && scalar != "\\"
            quoted += isPlain ? String(scalar) : scalar.escaped(asASCII: true)
        }
        return quoted + (text.unicodeScalars.count > length ? "…\"" : "\"")
    }
}
