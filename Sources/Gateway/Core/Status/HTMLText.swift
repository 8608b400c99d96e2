/// HTML that is built from parts: what is added as text is escaped.
struct HTMLText {
    private(set) var html = ""

    init(capacity: Int = 0) { html.reserveCapacity(capacity) }

    /// Adds markup of the program.
    mutating func add(_ markup: String) { html += markup }

    /// Adds text from anywhere. Control characters and those that change the direction of text become U+FFFD.
    mutating func add(text: String) {
        guard text.utf8.contains(where: Self.isSpecial) else {
            html += text
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": html += "&amp;"
            case "<": html += "&lt;"
            case ">": html += "&gt;"
            case "\"": html += "&quot;"
            case "'": html += "&#39;"
            default: html.unicodeScalars.append(scalar.isHarmless ? scalar : "\u{FFFD}")
            }
        }
    }

    /// Adds an element with an escaped text.
    mutating func add(_ name: String, class style: String? = nil, text: String) {
        html += style.map { "<\(name) class=\"\($0)\">" } ?? "<\(name)>"
        add(text: text)
        html += "</\(name)>"
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): true
        case ..<0x20, 0x7F...: true
        default: false
        }
    }
}

extension Unicode.Scalar {
    /// Whether the scalar neither controls a terminal nor reorders the text around it (Unicode UAX #9).
    var isHarmless: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
