/// A provider plugin's name in `plugins.json` and `gateway.yaml`, such as `oidc`: `[a-z][a-z0-9-]{0,31}`.
public struct PluginID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: String

    /// A plugin's own, written in its source; the conformance suite checks that it is well-formed.
    public init(_ literal: StaticString) { rawValue = "\(literal)" }

    /// One that was read; nil where it is not well-formed.
    public init?(_ text: String) {
        guard Self.isWellFormed(text) else { return nil }
        rawValue = text
    }

    public static func isWellFormed(_ text: String) -> Bool {
        guard let first = text.utf8.first, (1...32).contains(text.utf8.count) else { return false }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return letters.contains(first)
            && text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "-") }
    }

    public var description: String { rawValue }

    public static func < (left: PluginID, right: PluginID) -> Bool { left.rawValue < right.rawValue }
}
