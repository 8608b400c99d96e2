/// Parses RFC 4515's grammar by recursive descent; ``SearchFilter/maximumDepth`` limits the recursion.
struct SearchFilterParser {
    typealias Node = SearchFilter.Node

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    private init(_ text: String) { bytes = Array(text.utf8) }

    static func parse(_ text: String) throws(SearchFilterError) -> Node {
        guard text.utf8.count <= SearchFilter.maximumLength else { throw SearchFilterError(.tooLong, at: 1) }
        var parser = SearchFilterParser(text)
        parser.skipBlanks()
        guard !parser.isAtEnd else { throw SearchFilterError(.empty, at: 1) }
        let node = try parser.filter()
        parser.skipBlanks()
        guard parser.isAtEnd else { throw parser.error(.trailingText) }
        return node
    }

    /// `filter = "(" filtercomp ")"`
    private mutating func filter() throws(SearchFilterError) -> Node {
        guard current == UInt8(ascii: "(") else { throw error(.missingOpeningParenthesis) }
        depth += 1
        guard depth <= SearchFilter.maximumDepth else { throw error(.tooDeep) }
        index += 1
        skipBlanks()
        let node: Node
        switch current {
        case UInt8(ascii: "&"): node = .and(try filters(after: "&"))
        case UInt8(ascii: "|"): node = .or(try filters(after: "|"))
        case UInt8(ascii: "!"): node = .not(try negatedFilter())
        case UInt8(ascii: "("): throw error(.doubleParenthesis)
        default: node = try item()
        }
        guard current == UInt8(ascii: ")") else { throw error(.missingClosingParenthesis) }
        index += 1
        depth -= 1
        return node
    }

    /// `filterlist = 1*filter`
    private mutating func filters(after name: String) throws(SearchFilterError) -> [Node] {
        index += 1
        skipBlanks()
        guard current != UInt8(ascii: ")") else { throw error(.emptyList(operator: name)) }
        var nodes: [Node] = []
        repeat {
            nodes.append(try filter())
            skipBlanks()
        } while current != UInt8(ascii: ")") && !isAtEnd
        return nodes
    }

    private mutating func negatedFilter() throws(SearchFilterError) -> Node {
        index += 1
        skipBlanks()
        guard current != UInt8(ascii: ")") else { throw error(.emptyNegation) }
        let node = try filter()
        skipBlanks()
        guard current != UInt8(ascii: "(") else { throw error(.severalNegated) }
        return node
    }

    /// `item = simple / present / substring / extensible`
    private mutating func item() throws(SearchFilterError) -> Node {
        let start = index
        let name = text { !Self.endsName($0) }
        if current == UInt8(ascii: ":") { throw extensibleMatch(attribute: name) }
        guard !name.isEmpty else { throw error(.missingAttribute) }
        guard AttributeName.isWellFormed(name) else { throw error(.malformedAttribute(name), at: start) }
        let attribute = SearchFilter.Attribute(named: name)
        if skip("=") { return .item(attribute, try equalityOrSubstring()) }
        if skip(">=") { return .item(attribute, .atLeast(try value(after: ">="))) }
        if skip("<=") { return .item(attribute, .atMost(try value(after: "<="))) }
        if skip("~=") { return .item(attribute, .approximatelyEqual(try value(after: "~="))) }
        throw error(.missingOperator(attribute: name))
    }

    private mutating func equalityOrSubstring() throws(SearchFilterError) -> SearchFilter.Assertion {
        var parts = [try value()]
        while skip("*") {
            if current == UInt8(ascii: "*") { throw error(.doubleWildcard, at: index - 1) }
            parts.append(try value())
        }
        guard parts.count > 1 else { return .equal(parts[0]) }
        func part(_ value: AssertionValue) -> AssertionValue? { value.isEmpty ? nil : value }
        let assertion = SubstringAssertion(
            initial: part(parts[0]), middle: Array(parts[1..<(parts.count - 1)]), final: part(parts[parts.count - 1]))
        return assertion == SubstringAssertion() ? .present : .substring(assertion)
    }

    private mutating func value(after name: String) throws(SearchFilterError) -> AssertionValue {
        let value = try value()
        guard current != UInt8(ascii: "*") else { throw error(.unescapedWildcard(operator: name)) }
        return value
    }

    /// `valueencoding = 0*(normal / escaped)`: up to a wildcard, a parenthesis or the end.
    private mutating func value() throws(SearchFilterError) -> AssertionValue {
        let start = index
        var value: [UInt8] = []
        scan: while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ")"), UInt8(ascii: "*"): break scan
            case UInt8(ascii: "("): throw error(.unescapedParenthesis)
            case 0: throw error(.unescapedNUL)
            case UInt8(ascii: "\\"):
                guard bytes.count - index > 2, let high = Self.hexadecimal(bytes[index + 1]),
                    let low = Self.hexadecimal(bytes[index + 2])
                else { throw error(.malformedEscape) }
                value.append(high << 4 | low)
                index += 3
            case let byte:
                value.append(byte)
                index += 1
            }
        }
        guard let value = AssertionValue(value) else { throw error(.notUTF8, at: start) }
        return value
    }

    /// `extensible = ( attr [":dn"] [":" rule] ":=" value ) / ( [":dn"] ":" rule ":=" value )`: parsed for the error text.
    private mutating func extensibleMatch(attribute name: String) -> SearchFilterError {
        let start = index
        var words: [String] = []
        while skip(":"), current != UInt8(ascii: "=") { words.append(text { !Self.endsName($0) }) }
        let hasDN = words.first?.lowercased() == "dn"
        let rules = hasDN ? words.dropFirst() : words[...]
        guard current == UInt8(ascii: "="), bytes[index - 1] == UInt8(ascii: ":"), rules.count <= 1,
            words.allSatisfy({ !$0.isEmpty }), !name.isEmpty || !rules.isEmpty
        else {
            return error(name.isEmpty ? .missingAttribute : .missingOperator(attribute: name), at: start)
        }
        return error(.extensibleMatch(attribute: name.isEmpty ? nil : name, rule: rules.first), at: start)
    }
}

/// The scanner.
extension SearchFilterParser {
    private var isAtEnd: Bool { index >= bytes.count }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skip(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { bytes[index...].starts(with: $0) }
        if matches { index += length }
        return matches
    }

    private mutating func skipBlanks() {
        while let byte = current, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { index += 1 }
    }

    private mutating func text(while belongs: (UInt8) -> Bool) -> String {
        let start = index
        while let byte = current, belongs(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private func error(_ reason: SearchFilterError.Reason, at index: Int? = nil) -> SearchFilterError {
        let before = bytes[..<(index ?? self.index)]
        return SearchFilterError(reason, at: before.count { $0 & 0b1100_0000 != 0b1000_0000 } + 1)
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "~"), UInt8(ascii: ":"),
            UInt8(ascii: "("), UInt8(ascii: ")"), 0x20, 0x09, 0x0a, 0x0d:
            true
        default: false
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
