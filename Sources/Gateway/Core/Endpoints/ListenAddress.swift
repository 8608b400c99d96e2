/// The address of a listener: `host:port`, an IPv6 address in brackets, such as `0.0.0.0:8443` or `[::]:8443`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address; an IPv6 address without its brackets.
    package let host: String
    /// 0 for any free port.
    package let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(Self.isDigit), let port = Int(digits),
            port <= 65_535
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast()
            guard address.utf8.count >= 2, address.utf8.contains(UInt8(ascii: ":")),
                address.utf8.allSatisfy(Self.isOfIPv6)
            else { return nil }
            self.host = String(address)
        } else {
            guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(Self.isOfName) else { return nil }
            self.host = String(host)
        }
        self.port = port
    }

    package var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isOfName(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) || ".-".utf8.contains(byte) }

    /// A scope (`%eth0`) may follow the address (RFC 4007 §11).
    private static func isOfIPv6(_ byte: UInt8) -> Bool { isOfName(byte) || ":%".utf8.contains(byte) }
}
