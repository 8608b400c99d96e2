import NIOCore

/// The address that a connection counts for: an IPv4 address, or an IPv6 network of 64 bits, which usually belongs to
/// one host.
struct PeerAddress: Hashable, Sendable {
    private let bytes: [UInt8]

    /// - Parameter bytes: 4 or 16.
    init(_ bytes: [UInt8]) {
        guard bytes.count == 16 else {
            self.bytes = bytes
            return
        }
        // An IPv4 address on a socket for both (RFC 4291 §2.5.5.2).
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10...11].allSatisfy { $0 == 0xFF }
        self.bytes = Array(isMapped ? bytes[12...] : bytes.prefix(8))
    }

    /// Whether the text is a loopback address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3), also an IPv4 one in an IPv6 socket.
    static func isLoopback(_ address: String) -> Bool {
        let address = address.hasPrefix("::ffff:") ? String(address.dropFirst(7)) : address
        return address == "::1" || address.hasPrefix("127.") && address.allSatisfy { $0.isNumber || $0 == "." }
    }

    /// - Parameter address: nil where it is not known.
    init(_ address: SocketAddress?) {
        // Where a sockaddr_in and a sockaddr_in6 have the address.
        let range =
            switch address?.protocol {
            case .inet: 4..<8
            case .inet6: 8..<24
            default: 0..<0
            }
        let bytes = address?.withSockAddr { pointer, size in Array(UnsafeRawBufferPointer(start: pointer, count: size))
        }
        self.init(Array((bytes ?? []).prefix(range.upperBound).dropFirst(range.lowerBound)))
    }
}
