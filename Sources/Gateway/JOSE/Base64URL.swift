/// base64url without padding (RFC 4648 §5, RFC 7515 §2).
public enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// 0xFF for what is no character of the alphabet; the others have the two highest bits clear.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// The ASCII bytes of the encoded form.
    public static func encodedBytes(_ bytes: some Collection<UInt8>) -> [UInt8] {
        bytes.withContiguousStorageIfAvailable(encoded) ?? Array(bytes).withUnsafeBufferPointer(encoded)
    }

    /// The encoded form as a string.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: encodedBytes(bytes), as: UTF8.self)
    }

    /// Decodes ASCII bytes.
    ///
    /// - Returns: nil where the text is not the canonical encoding: it has padding, white space, characters of another
    ///   alphabet, an invalid length, or bits set after the last byte.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        text.withContiguousStorageIfAvailable(decoded) ?? Array(text).withUnsafeBufferPointer(decoded)
    }

    /// Decodes a string.
    ///
    /// - Returns: nil where the text is not the canonical encoding.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        decode(Array(text.utf8))
    }

    private static func encoded(_ input: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let count = (input.count * 4 + 2) / 3
        return alphabet.withUnsafeBufferPointer { alphabet in
            [UInt8](unsafeUninitializedCapacity: count) { output, initializedCount in
                initializedCount = count
                var (from, to) = (0, 0)
                func write(_ group: UInt32, characters: Int) {
                    for index in 0..<characters {
                        output[to + index] = alphabet[Int((group >> UInt32(18 - 6 * index)) & 0x3F)]
                    }
                    to += characters
                }
                while input.count - from >= 3 {
                    let high = UInt32(input[from]) << 16 | UInt32(input[from + 1]) << 8
                    write(high | UInt32(input[from + 2]), characters: 4)
                    from += 3
                }
                // What is missing of the last three bytes is zero.
                switch input.count - from {
                case 1: write(UInt32(input[from]) << 16, characters: 2)
                case 2: write(UInt32(input[from]) << 16 | UInt32(input[from + 1]) << 8, characters: 3)
                default: break
                }
            }
        }
    }

    private static func decoded(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        // Bits of characters that are not in the alphabet, and those that follow the last byte.
        var invalid: UInt32 = 0
        let bytes = values.withUnsafeBufferPointer { values in
            let count = text.count * 3 / 4
            return [UInt8](unsafeUninitializedCapacity: count) { output, initializedCount in
                initializedCount = count
                var (from, to) = (0, 0)
                func group(_ characters: Int) -> UInt32 {
                    var group: UInt32 = 0
                    for index in 0..<characters {
                        let value = UInt32(values[Int(text[from + index])])
                        invalid |= value & 0xC0
                        group |= (value & 0x3F) << UInt32(18 - 6 * index)
                    }
                    from += characters
                    return group
                }
                while text.count - from >= 4 {
                    let group = group(4)
                    output[to] = UInt8(truncatingIfNeeded: group >> 16)
                    output[to + 1] = UInt8(truncatingIfNeeded: group >> 8)
                    output[to + 2] = UInt8(truncatingIfNeeded: group)
                    to += 3
                }
                switch text.count - from {
                case 2:
                    let group = group(2)
                    output[to] = UInt8(truncatingIfNeeded: group >> 16)
                    invalid |= group & 0xFFFF
                case 3:
                    let group = group(3)
                    output[to] = UInt8(truncatingIfNeeded: group >> 16)
                    output[to + 1] = UInt8(truncatingIfNeeded: group >> 8)
                    invalid |= group & 0xFF
                default: break
                }
            }
        }
        return invalid == 0 ? bytes : nil
    }
}
