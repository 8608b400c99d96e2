// The places of values in the text, and the check of values that are not read.

extension JSONParser {
    /// Reads a complete text.
    mutating func index(_ selection: JSONSelection) throws(JSONError) -> [IndexedText.Entry] {
        guard bytes.count <= min(limits.byteCount, Int(UInt32.max)) else {
            throw error("more than \(limits.byteCount) bytes")
        }
        // Texts of Kubernetes have an entry for each 14 bytes.
        entries.reserveCapacity(bytes.count / 12)
        try scan(depth: 1, isIndexed: true, selection.part)
        skipWhiteSpace()
        guard position == bytes.count else { throw error("text after the value") }
        return entries
    }

    /// Checks a value, and adds it and its contents to the entries.
    ///
    /// - Parameters:
    ///   - isIndexed: false where the value is only checked; its members are not compared for duplicates then.
    ///   - part: which of its members are read; nil for all.
    mutating func scan(depth: Int, isIndexed: Bool, _ part: JSONSelection? = nil) throws(JSONError) {
        guard depth <= limits.depth else { throw error("nested more than \(limits.depth) levels deep") }
        if isIndexed { try countValue() }
        skipWhiteSpace()
        switch current {
        case UInt8(ascii: "{"): try scanMembers(depth: depth, isIndexed: isIndexed, part)
        case UInt8(ascii: "["): try scanElements(depth: depth, isIndexed: isIndexed)
        case UInt8(ascii: "\""): try scanString(isIndexed: isIndexed)
        default:
            let start = position
            let value = try scalar()
            if isIndexed { entries.append(.init(.init(scalar: value), start: start, end: position)) }
        }
    }

    private mutating func scanString(isIndexed: Bool) throws(JSONError) {
        let start = position + 1
        let hasEscapes = try skipString()
        if isIndexed { entries.append(.init(hasEscapes ? .escapedString : .string, start: start, end: position - 1)) }
    }

    private mutating func scanElements(depth: Int, isIndexed: Bool) throws(JSONError) {
        let array = entries.count
        if isIndexed { entries.append(.init(.array, start: position)) }
        position += 1
        if !takes(UInt8(ascii: "]")) {
            while true {
                try scan(depth: depth + 1, isIndexed: isIndexed)
                if takes(UInt8(ascii: "]")) { break }
                guard takes(UInt8(ascii: ",")) else { throw error("expected a comma or the end of the array") }
            }
        }
        if isIndexed { entries[array].end = UInt32(entries.count) }
    }

    private mutating func scanMembers(
        depth: Int, isIndexed: Bool, _ part: JSONSelection?
    ) throws(JSONError) {
        let object = entries.count
        if isIndexed { entries.append(.init(.object, start: position)) }
        position += 1
        if !takes(UInt8(ascii: "}")) {
            var names = IndexedNames(of: object)
            while true {
                skipWhiteSpace()
                guard current == UInt8(ascii: "\"") else { throw error("expected a member name") }
                try scanString(isIndexed: isIndexed)
                let selected = isIndexed ? part.map { $0.member(entries[entries.count - 1].string(in: bytes)) } : nil
                let isSelected = isIndexed && (selected.map { $0 != nil } ?? true)
                if isIndexed, !isSelected {
                    entries.removeLast()
                } else if isIndexed, !names.insert(entries.count - 1, entries, bytes) {
                    throw error("duplicate member")
                }
                guard takes(UInt8(ascii: ":")) else { throw error("expected a colon after the member name") }
                try scan(depth: depth + 1, isIndexed: isSelected, (selected ?? nil)?.part)
                if takes(UInt8(ascii: "}")) { break }
                guard takes(UInt8(ascii: ",")) else { throw error("expected a comma or the end of the object") }
            }
        }
        if isIndexed { entries[object].end = UInt32(entries.count) }
    }

    /// The string at a quotation mark of a text that was parsed.
    static func string(in bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> String {
        var parser = JSONParser(parsed: bytes, at: position)
        return (try? parser.string()) ?? ""
    }

    /// The number at a position of a text that was parsed.
    static func number(in bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> JSONValue {
        var parser = JSONParser(parsed: bytes, at: position)
        return (try? parser.number()) ?? .null
    }
}

/// The names of an object's members so far.
private struct IndexedNames {
    private let object: Int
    private var count = 0
    private var known: Set<ExactString> = []

    init(of object: Int) { self.object = object }

    /// Adds the name of an entry.
    ///
    /// - Returns: whether no other member has it.
    mutating func insert(
        _ name: Int, _ entries: [IndexedText.Entry], _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        count += 1
        // Comparing is faster than hashing while there are few names.
        guard count > 12 else {
            var other = object + 1
            while other < name {
                if entries[name].isSameString(entries[other], in: bytes) { return false }
                other = entries[other + 1].next(after: other + 1)
            }
            return true
        }
        if known.isEmpty {
            var other = object + 1
            while other < name {
                known.insert(ExactString(entries[other].string(in: bytes)))
                other = entries[other + 1].next(after: other + 1)
            }
        }
        return known.insert(ExactString(entries[name].string(in: bytes))).inserted
    }
}
