import JSON

/// The parameters of an `application/x-www-form-urlencoded` body (RFC 6749 appendix B), without duplicates (RFC 6749 §3.2).
package struct FormParameters: Sendable {
    /// The maximum number of parameters.
    static let maximumCount = 64

    /// So few that comparing is faster than hashing.
    private let values: [(name: String, value: String)]

    /// Parses a form.
    ///
    /// - Throws: `invalid_request` without content of the request.
    package init(parsing body: [UInt8]) throws(OAuthError) {
        var values: [(name: String, value: String)] = []
        var start = body.startIndex
        while start < body.endIndex {
            let pair = Self.pair(from: start, in: body)
            start = pair.end + 1
            guard !pair.isEmpty else { continue }
            guard let name = Self.decode(body[pair.name], pair.isEncoded),
                let value = Self.decode(body[pair.value], pair.isEncoded)
            else { throw .invalidRequest("the form is not percent-encoded UTF-8") }
            guard !values.contains(where: { $0.name.isExactly(name) }) else {
                throw .invalidRequest("a parameter is repeated; give each once")
            }
            values.append((name, value))
            guard values.count <= Self.maximumCount else { throw .invalidRequest("the form has too many parameters") }
        }
        self.values = values
    }

    /// The value of a parameter; nil where it is absent or empty (RFC 6749 §3.2).
    package subscript(_ name: String) -> String? {
        guard let value = values.first(where: { $0.name.isExactly(name) })?.value, !value.isEmpty else { return nil }
        return value
    }

    /// Where a name and its value are.
    private struct Pair {
        let name: Range<Int>
        let value: Range<Int>
        /// Whether a byte of them has another meaning.
        let isEncoded: Bool

        var isEmpty: Bool { name.isEmpty && value.lowerBound == name.upperBound }
        var end: Int { value.upperBound }
    }

    /// Finds the end of a pair, its first `=` and whether it is encoded in one pass, since a token is long.
    private static func pair(from start: Int, in body: [UInt8]) -> Pair {
        let bytes = body.span
        var equals: Int?
        var isEncoded = false
        var index = start
        scan: while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "&"): break scan
            case UInt8(ascii: "="): equals = equals ?? index
            case UInt8(ascii: "+"), UInt8(ascii: "%"): isEncoded = true
            default: break
            }
            index += 1
        }
        return Pair(
            name: start..<(equals ?? index), value: (equals.map { $0 + 1 } ?? index)..<index, isEncoded: isEncoded)
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, _ isEncoded: Bool) -> String? {
        guard isEncoded else { return String(validating: bytes, as: UTF8.self) }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "+"): output.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard bytes.endIndex - index > 2, let high = nibble(bytes[index + 1]),
                    let low = nibble(bytes[index + 2])
                else { return nil }
                output.append(high << 4 | low)
                index += 2
            case let byte: output.append(byte)
            }
            index += 1
        }
        return String(validating: output, as: UTF8.self)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
