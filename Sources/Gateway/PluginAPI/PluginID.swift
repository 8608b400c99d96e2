/// A provider plugin's name in `plugins.json` and `gateway.yaml`, such as `oidc`: `[a-z][a-z0-9-]{0,31}`.
public struct PluginID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The id as it is written.
    public let rawValue: String

    /// Creates a plugin's own id from a literal in its source; the conformance suite checks that it is well-formed.
    public init(_ literal: StaticString) { rawValue = "\(literal)" }

    /// Creates an id from text that was read; nil where it is not well-formed.
    public init?(_ text: String) {
        guard Self.isWellFormed(text) else { return nil }
        rawValue = text
    }

    /// Whether the text matches `[a-z][a-z0-9-]{0,31}`.
    public static func isWellFormed(_ text: String) -> Bool {
        guard let first = text.utf8.first, (1...32).contains(text.utf8.count) else { return false }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return letters.contains(first)
            && text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "-") }
    }

    /// The id as it is written.
    public var description: String { rawValue }

    /// Orders ids by their text.
    public static func < (left: PluginID, right: PluginID) -> Bool { left.rawValue < right.rawValue }
}
