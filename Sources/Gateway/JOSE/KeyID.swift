import JSON

/// A key's `kid` (RFC 7515 §4.1.4). This gateway's own are RFC 7638 thumbprints; others' are any string.
public struct KeyID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }

    /// Whether both have the same code units (RFC 7515 §4.1.4: a case-sensitive string).
    public static func == (left: KeyID, right: KeyID) -> Bool { left.rawValue.isExactly(right.rawValue) }

    public func hash(into hasher: inout Hasher) { ExactString(rawValue).hash(into: &hasher) }
}
