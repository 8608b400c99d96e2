import Crypto

/// Parts of the names of provisioned resources.
package enum ResourceName {
    /// Returns ten hexadecimal digits that differ for any two key rings, so that two clusters with equal names do not meet.
    package static func suffix(cluster: String, endpoint: String, owner: String) -> String {
        let digits = SHA256.hash(data: Array("\(cluster)\n\(endpoint)\n\(owner)".utf8)).prefix(5).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }
        return digits.joined()
    }

    /// Returns the text as lower-case letters, digits and single hyphens, not at its ends, cut after `limit` characters.
    package static func slug(_ text: String, _ limit: Int) -> String {
        let bytes = text.lowercased().utf8.map { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) ? byte : UInt8(ascii: "-")
        }
        let words = bytes.split(separator: UInt8(ascii: "-")).map { String(decoding: $0, as: UTF8.self) }
        let cut = words.joined(separator: "-").prefix(limit)
        return cut.last == "-" ? String(cut.dropLast()) : String(cut)
    }
}
