/// Reads one message in the wire format of Protocol Buffers. Fields that nobody asked for are skipped.
struct ProtobufReader {
    struct Malformed: Error {}

    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// - Returns: the number and the value of the next field; nil at the end of the message.
    mutating func next() throws(Malformed) -> (field: UInt64, value: Value)? {
        while !rest.isEmpty {
            let key = try varint()
            switch key & 7 {
            case 0: return (key >> 3, .number(try varint()))
            case 1: try skip(8)
            case 2:
                let count = try varint()
                guard count <= UInt64(rest.count) else { throw Malformed() }
                let bytes = rest.prefix(Int(count))
                rest = rest.dropFirst(Int(count))
                return (key >> 3, .bytes(bytes))
            case 5: try skip(4)
            default: throw Malformed()
            }
        }
        return nil
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<10 {
            guard let byte = rest.popFirst(), index < 9 || byte <= 1 else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 { return value }
        }
        throw Malformed()
    }

    private mutating func skip(_ count: Int) throws(Malformed) {
        guard rest.count >= count else { throw Malformed() }
        rest = rest.dropFirst(count)
    }

    /// A field of type `string`.
    static func text(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed() }
        return text
    }

    /// An entry of a `map<string, string>`.
    static func entry(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> (key: String, value: String) {
        var reader = ProtobufReader(bytes)
        var entry = (key: "", value: "")
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let bytes)): entry.key = try text(bytes)
            case (2, .bytes(let bytes)): entry.value = try text(bytes)
            default: break
            }
        }
        return entry
    }
}
