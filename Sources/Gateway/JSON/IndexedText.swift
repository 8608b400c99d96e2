/// A JSON text with the places of its values. An array is followed by its elements, an object by its members: each a name
/// and a value.
final class IndexedText: Sendable {
    struct Entry {
        enum Kind: UInt8 {
            case null, `true`, `false`, number, string
            /// A string with escapes.
            case escapedString
            case array, object

            init(scalar value: JSONValue) {
                self =
                    switch value {
                    case .bool(let value): value ? .true : .false
                    case .integer, .number: .number
                    default: .null
                    }
            }
        }

        let kind: Kind
        /// The first byte; of a string, the one after the quotation mark.
        let start: UInt32
        /// The byte after the last one; of a string, the quotation mark. Of arrays and objects the index of the entry that
        /// follows their contents.
        var end: UInt32

        init(_ kind: Kind, start: Int, end: Int = 0) {
            self.kind = kind
            self.start = UInt32(start)
            self.end = UInt32(end)
        }

        var range: Range<Int> { Int(start)..<Int(end) }
    }

    private let bytes: [UInt8]
    private let entries: [Entry]

    init(_ bytes: [UInt8], _ limits: JSONLimits, _ selection: JSONSelection) throws(JSONError) {
        self.bytes = bytes
        entries = try JSONParser.reading(bytes, limits: limits) { parser throws(JSONError) in
            try parser.index(selection)
        }
    }

    func kind(at index: Int) -> Entry.Kind { entries[index].kind }

    func isString(at index: Int) -> Bool { entries[index].isString }

    /// Whether a string, an array or an object has no contents.
    func isEmpty(at index: Int) -> Bool {
        let entry = entries[index]
        return switch entry.kind {
        case .string: entry.range.isEmpty
        case .array, .object: Int(entry.end) == index + 1
        default: false
        }
    }

    /// The index of the value of a member; nil if there is none or the entry is no object.
    func member(of index: Int, named name: String) -> Int? {
        var name = name
        return name.withUTF8 { name in
            entries.withUnsafeBufferPointer { entries in
                bytes.withUnsafeBufferPointer { entries.member(of: index, named: name, in: $0) }
            }
        }
    }

    /// Calls the closure with the index of each name of an object.
    func forEachName(of index: Int, _ body: (Int) -> Void) {
        let end = Int(entries[index].end)
        var name = index + 1
        while name < end {
            body(name)
            name = entries[name + 1].next(after: name + 1)
        }
    }

    /// The number of elements of an array.
    func count(of index: Int) -> Int {
        var count = 0
        forEachElement(of: index) { _ in count += 1 }
        return count
    }

    /// Calls the closure with the index of each element of an array.
    func forEachElement(of index: Int, _ body: (Int) -> Void) {
        let end = Int(entries[index].end)
        var element = index + 1
        while element < end {
            body(element)
            element = entries[element].next(after: element)
        }
    }

    /// Calls the closure with each element of an array.
    func forEach(of index: Int, _ body: (borrowing JSONElement) -> Void) {
        entries.withUnsafeBufferPointer { entries in
            bytes.withUnsafeBufferPointer { bytes in
                let end = Int(entries[index].end)
                var (element, number) = (index + 1, 0)
                while element < end {
                    body(JSONElement(index: number, entry: element, entries, bytes))
                    element = entries[element].next(after: element)
                    number += 1
                }
            }
        }
    }

    /// The string of an entry that is one.
    func string(at index: Int) -> String { bytes.withUnsafeBufferPointer { entries[index].string(in: $0) } }

    /// The number of an entry that is one.
    func number(at index: Int) -> JSONValue {
        bytes.withUnsafeBufferPointer { JSONParser.number(in: $0, at: Int(entries[index].start)) }
    }
}

extension UnsafeBufferPointer<IndexedText.Entry> {
    /// The index of the value of a member; nil if there is none or the entry is no object.
    func member(
        of index: Int, named name: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>
    ) -> Int? {
        guard self[index].kind == .object else { return nil }
        let end = Int(self[index].end)
        var member = index + 1
        while member < end {
            if self[member].isString(name, in: bytes) { return member + 1 }
            member = self[member + 1].next(after: member + 1)
        }
        return nil
    }
}

extension IndexedText.Entry {
    var isString: Bool { kind == .string || kind == .escapedString }

    /// The index of the entry that follows this value.
    func next(after index: Int) -> Int {
        switch kind {
        case .array, .object: Int(end)
        default: index + 1
        }
    }

    /// The string of an entry that is one.
    func string(in bytes: UnsafeBufferPointer<UInt8>) -> String {
        guard kind == .escapedString else { return String(decoding: bytes[range], as: UTF8.self) }
        return JSONParser.string(in: bytes, at: Int(start) - 1)
    }

    /// Whether the entry is that string, compared by code units.
    func isString(_ utf8: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        switch kind {
        case .string:
            let count = utf8.count
            guard Int(end) - Int(start) == count else { return false }
            for index in 0..<count where bytes[Int(start) + index] != utf8[index] { return false }
            return true
        case .escapedString: return string(in: bytes).utf8.elementsEqual(utf8)
        default: return false
        }
    }

    /// Whether two entries are the same string, compared by code units.
    func isSameString(_ other: Self, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard kind == .string, other.kind == .string else {
            return string(in: bytes).isExactly(other.string(in: bytes))
        }
        return isString(UnsafeBufferPointer(rebasing: bytes[other.range]), in: bytes)
    }
}
