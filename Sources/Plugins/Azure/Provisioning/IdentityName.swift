import GatewayPluginAPI

/// What holds federated credentials, as named in `provision.roles`: `GROUP/NAME`, a user-assigned managed identity of a
/// resource group, or the client id of an app registration.
enum IdentityName: Sendable, Equatable {
    case managed(group: String, name: String)
    case application(UUIDText)

    static let expected =
        "expected RESOURCE-GROUP/NAME of a managed identity, or the client id of an app registration, a UUID"

    /// The rules are those of "Naming rules and restrictions for Azure resources".
    init?(_ text: String) {
        if let id = UUIDText(text) {
            self = .application(id)
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...90).contains(parts[0].utf8.count), (3...128).contains(parts[1].utf8.count),
            parts[0].utf8.allSatisfy({ Self.isWord($0) || "_-.()".utf8.contains($0) }), parts[0].last != ".",
            parts[1].utf8.allSatisfy({ Self.isWord($0) || "_-".utf8.contains($0) }),
            let first = parts[1].utf8.first, Self.isWord(first)
        else { return nil }
        self = .managed(group: String(parts[0]), name: String(parts[1]))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
