import JSON

/// A key's `kid` (RFC 7515 §4.1.4). Those of the gateway's keys are RFC 7638 thumbprints; others are arbitrary strings.
public struct KeyID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    /// The text of the `kid`.
    public let rawValue: String

    /// Creates a key ID.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The text of the `kid`.
    public var description: String { rawValue }

    /// Compares code units (RFC 7515 §4.1.4: a case-sensitive string).
    public static func == (left: KeyID, right: KeyID) -> Bool { left.rawValue.isExactly(right.rawValue) }

    /// Hashes the code units.
    public func hash(into hasher: inout Hasher) { ExactString(rawValue).hash(into: &hasher) }
}
