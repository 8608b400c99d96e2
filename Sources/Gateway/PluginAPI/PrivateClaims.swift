import JOSE
public import JSON

/// Claims that a plugin or the configuration adds to a token (RFC 7519 §4.3), in order.
public struct PrivateClaims: Sendable, Equatable {
    /// Names that only the gateway sets: those of RFC 7519 §4.1 (``JOSE/RegisteredClaims/names``) and its own.
    public static let reservedNames: Set<String> = RegisteredClaims.names.union([
        "cluster", "namespace", "saname", "kubernetes.io",
    ])

    /// The claims in the order in which they were set.
    public private(set) var members: [JSONValue.Member] = []

    /// Creates an empty list.
    public init() {}

    /// Sets a claim; replaces an earlier one of that name. A reserved or empty name is not set.
    ///
    /// - Returns: whether the claim was set.
    @discardableResult
    public mutating func set(_ name: String, _ value: JSONValue) -> Bool {
        guard !Self.reservedNames.contains(name), !name.isEmpty else { return false }
        members.removeAll { $0.name.isExactly(name) }
        members.append(.init(name, value))
        return true
    }
}
