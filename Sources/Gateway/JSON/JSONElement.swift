/// An element of an array of a ``JSONNode``, for the time of a call: thousands of them are looked at without a reference to
/// the text for each.
public struct JSONElement: ~Copyable {
    /// What a member is.
    public enum MemberKind: Sendable {
        /// There is none, or it is null.
        case absent
        /// A string without characters.
        case emptyString
        /// A string that is not empty.
        case string
        /// `true` or `false`.
        case bool
        /// A number, an array or an object.
        case other
    }

    /// The index in the array, from 0.
    public let index: Int

    private let entries: UnsafeBufferPointer<IndexedText.Entry>
    private let bytes: UnsafeBufferPointer<UInt8>
    private let entry: Int

    init(
        index: Int, entry: Int, _ entries: UnsafeBufferPointer<IndexedText.Entry>, _ bytes: UnsafeBufferPointer<UInt8>
    ) {
        self.index = index
        self.entry = entry
        self.entries = entries
        self.bytes = bytes
    }

    /// Whether this is an object.
    public var isObject: Bool { entries[entry].kind == .object }

    /// Whether this is `null`.
    public var isNull: Bool { entries[entry].kind == .null }

    /// What the member is; absent if this is no object.
    public func kind(of name: StaticString) -> MemberKind {
        guard let member = member(name) else { return .absent }
        return switch entries[member].kind {
        case .null: .absent
        case .true, .false: .bool
        case .string: entries[member].start == entries[member].end ? .emptyString : .string
        case .escapedString: .string
        default: .other
        }
    }

    /// The string of the member; nil if it is none.
    public func string(_ name: StaticString) -> String? {
        guard let member = member(name), entries[member].isString else { return nil }
        return entries[member].string(in: bytes)
    }

    /// Whether the member is that string, compared by code units.
    public func hasString(_ string: String, at name: StaticString) -> Bool {
        guard let member = member(name) else { return false }
        var string = string
        return string.withUTF8 { entries[member].isString($0, in: bytes) }
    }

    /// The boolean of the member; nil if it is none.
    public func bool(_ name: StaticString) -> Bool? {
        guard let member = member(name) else { return nil }
        return switch entries[member].kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// Calls the closure with the bytes of the member's string; nil if it is none.
    public func withUTF8<Result>(
        of name: StaticString, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result? {
        guard let member = member(name) else { return nil }
        switch entries[member].kind {
        case .string: return body(UnsafeBufferPointer(rebasing: bytes[entries[member].range]))
        case .escapedString:
            var string = entries[member].string(in: bytes)
            return string.withUTF8(body)
        default: return nil
        }
    }

    private func member(_ name: StaticString) -> Int? {
        name.withUTF8Buffer { entries.member(of: entry, named: $0, in: bytes) }
    }
}
