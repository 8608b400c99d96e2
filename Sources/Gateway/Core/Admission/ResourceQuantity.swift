import JSON

/// A Kubernetes quantity (apimachinery, resource.Quantity), for comparisons only.
struct ResourceQuantity: Comparable {
    private let value: Double

    /// - Parameter json: a string, or a number as some writers use it; nil for other values.
    init?(_ json: JSONNode?) {
        switch json?.value {
        case .string(let text): self.init(text)
        case .integer(let number): self.init(String(number))
        case .number(let number): self.init(String(number))
        default: return nil
        }
    }

    init?(_ text: String) {
        let digits = text.prefix { "+-.0123456789".contains($0) }
        let suffix = String(text[digits.endIndex...])
        guard let number = Double(digits), let scaled = Self.scale(number, suffix), scaled.isFinite else { return nil }
        value = scaled
    }

    static func < (left: Self, right: Self) -> Bool { left.value < right.value }

    var isPositive: Bool { value > 0 }

    private static let multiples: [String: Double] = [
        "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
        "Ki": 1024, "Mi": 0x1p20, "Gi": 0x1p30, "Ti": 0x1p40, "Pi": 0x1p50, "Ei": 0x1p60,
    ]
    /// Divisors, since a division by a power of ten is rounded correctly: `300m` equals `0.3`.
    private static let fractions: [String: Double] = ["n": 1e9, "u": 1e6, "m": 1e3]

    private static func scale(_ number: Double, _ suffix: String) -> Double? {
        if let multiple = multiples[suffix] { return number * multiple }
        if let divisor = fractions[suffix] { return number / divisor }
        guard let first = suffix.first, "eE".contains(first), Int(suffix.dropFirst()) != nil else { return nil }
        return Double("\(number)e\(suffix.dropFirst())")
    }
}
