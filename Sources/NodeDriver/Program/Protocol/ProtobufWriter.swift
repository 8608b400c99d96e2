/// Writes one message in the wire format of Protocol Buffers.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// Appends a field of type `string`, `bytes` or a message.
    mutating func append(_ field: UInt8, _ value: some Collection<UInt8>) {
        bytes.append(field << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func append(_ field: UInt8, _ text: String) { append(field, Array(text.utf8)) }

    /// Appends a field of type `bool`.
    mutating func append(_ field: UInt8, _ value: Bool) { bytes += [field << 3, value ? 1 : 0] }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
