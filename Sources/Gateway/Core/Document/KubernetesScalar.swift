package import JSON

/// A scalar of a Kubernetes manifest as `kubectl` resolves it: YAML 1.1 with Go's syntax of numbers
/// (go-yaml v2, which sigs.k8s.io/yaml uses).
package enum KubernetesScalar: Sendable, Equatable {
    /// A value that JSON has.
    case value(JSONValue)
    /// An infinity or "not a number", which JSON does not have.
    case notJSON

    /// Resolves a scalar that is not quoted and has no tag.
    package init(plain text: String) {
        self =
            switch text {
            case "", "~", "null", "Null", "NULL": .value(.null)
            case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": .value(true)
            case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": .value(false)
            case ".nan", ".NaN", ".NAN": .notJSON
            case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF": .notJSON
            default: .value(Self.number(text) ?? .string(text))
            }
    }

    /// The name of an object's member for a key that is not quoted; nil if a key cannot have that value.
    package static func memberName(plain text: String) -> String? {
        switch KubernetesScalar(plain: text) {
        case .value(.string(let text)): text
        case .value(.bool(let value)): value ? "true" : "false"
        case .value(.integer(let value)): String(value)
        case .value(.number(let value)):
            // Go prints keys with the precision of a Float, and an exponent only beyond these.
            (1e-4..<1e6).contains(abs(value)) ? "\(Float(value))" : nil
        case .value, .notJSON: nil
        }
    }

    /// Integers may have a sign, a prefix of the base (`0x`, `0o`, `0b`, `0`) and `_` between digits.
    private static func number(_ text: String) -> JSONValue? {
        guard let first = text.utf8.first else { return nil }
        if first == UInt8(ascii: ".") { return float(text) }
        guard isDigit(first) || first == UInt8(ascii: "+") || first == UInt8(ascii: "-") else { return nil }
        let digits = text.replacing("_", with: "")
        return integer(digits) ?? float(digits)
    }

    private static func integer(_ text: String) -> JSONValue? {
        let isNegative = text.hasPrefix("-")
        let unsigned = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
        var (radix, digits) = (10, unsigned)
        if unsigned.hasPrefix("0"), unsigned.utf8.count > 1 {
            let bases: [Character: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]
            let prefix = unsigned.dropFirst().first.flatMap { bases[$0] }
            radix = prefix ?? 8
            digits = unsigned.dropFirst(prefix == nil ? 1 : 2)
        }
        // `Int` accepts a second sign.
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        if let value = Int((isNegative ? "-" : "") + digits, radix: radix) { return .integer(value) }
        return isNegative ? nil : UInt64(digits, radix: radix).map { .number(Double($0)) }
    }

    private static func float(_ text: String) -> JSONValue? {
        let isFloat = text.wholeMatch(of: /[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?/) != nil
        // Swift reads neither "1." nor ".5".
        guard isFloat, let value = Double(completed(text)), value.isFinite else { return nil }
        return Int(exactly: value).map(JSONValue.integer) ?? .number(value)
    }

    /// The text with a digit on both sides of its point.
    private static func completed(_ text: String) -> String {
        guard let point = text.firstIndex(of: ".") else { return text }
        let (whole, rest) = (text[..<point], text[text.index(after: point)...])
        let isFraction = rest.utf8.first.map(isDigit) ?? false
        return "\(whole)\(whole.utf8.last.map(isDigit) ?? false ? "" : "0").\(isFraction ? "" : "0")\(rest)"
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
