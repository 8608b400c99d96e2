import GatewayPluginAPI

/// The id of a tenant or an application: a UUID as text (RFC 9562 §4), in lower case.
struct UUIDText: Equatable {
    let rawValue: String

    /// nil where the text is no UUID.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [8, 4, 4, 4, 12], parts.allSatisfy({ $0.allSatisfy(Self.isHexadecimal) }) else {
            return nil
        }
        rawValue = text.lowercased()
    }

    /// - Parameter what: what the text is, for the message.
    init(checking text: String, _ what: String) throws(InjectionError) {
        guard let uuid = UUIDText(text) else {
            throw InjectionError(
                "invalid \(what) \(Quotation.of(text)); expected a UUID such as 6f1e2d3c-0000-4000-8000-0123456789ab")
        }
        self = uuid
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
