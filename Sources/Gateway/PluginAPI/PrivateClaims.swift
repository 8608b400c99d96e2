public import JOSE

/// Claims that a plugin or the configuration adds to a token, in order.
public struct PrivateClaims: Sendable, Equatable {
    /// Names that the gateway itself sets, beside those of ``JOSE/RegisteredClaims/names``.
    public static let reservedNames: Set<String> = RegisteredClaims.names.union([
        "cluster", "namespace", "saname", "kubernetes.io",
    ])

    public private(set) var members: [JSONValue.Member] = []

    public init() {}

    /// Sets a claim, in place of an earlier one of that name. A reserved name is not set.
    ///
    /// - Returns: whether the claim was set.
    @discardableResult
    public mutating func set(_ name: String, _ value: JSONValue) -> Bool {
        guard !Self.reservedNames.contains(name), !name.isEmpty else { return false }
        members.removeAll { $0.name == name }
        members.append(.init(name, value))
        return true
    }
}
