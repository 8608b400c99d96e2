/// A minor version of Kubernetes.
public struct KubernetesVersion: Sendable, Comparable, CustomStringConvertible {
    /// The major version.
    public let major: Int
    /// The minor version.
    public let minor: Int

    /// Creates a version of its two numbers.
    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `1.32`, or the `gitVersion` of `/version`, such as `v1.32.4-vendor.1`; nil for any other text.
    public init?(_ text: String) {
        let parts = (text.hasPrefix("v") ? text.dropFirst() : text[...]).split(
            separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return nil }
        self.init(major: String(parts[0]), minor: String(parts[1]))
    }

    /// Reads the members of `/version`; nil if one is not a number. Some vendors write the minor version as `32+`.
    public init?(major: String, minor: String) {
        let minor = minor.hasSuffix("+") ? minor.dropLast() : minor[...]
        guard
            [major[...], minor].allSatisfy({ text in
                (1...4).contains(text.utf8.count)
                    && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            }), let major = Int(major), let minor = Int(minor)
        else { return nil }
        self.init(major, minor)
    }

    /// Whether a version is older than another.
    public static func < (one: KubernetesVersion, other: KubernetesVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }

    /// Such as `1.32`.
    public var description: String { "\(major).\(minor)" }
}
