/// A version of Kubernetes, as far as features go by it.
package struct KubernetesVersion: Sendable, Comparable, CustomStringConvertible {
    package let major: Int
    package let minor: Int

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// `1.32`, or the `gitVersion` of `/version`, such as `v1.32.4-vendor.1`.
    package init?(_ text: String) {
        let parts = (text.hasPrefix("v") ? text.dropFirst() : text[...]).split(
            separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return nil }
        self.init(major: String(parts[0]), minor: String(parts[1]))
    }

    /// The members of `/version`; some vendors write the minor one as `32+`.
    package init?(major: String, minor: String) {
        let minor = minor.hasSuffix("+") ? minor.dropLast() : minor[...]
        guard
            [major[...], minor].allSatisfy({ text in
                (1...4).contains(text.utf8.count)
                    && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            }), let major = Int(major), let minor = Int(minor)
        else { return nil }
        self.init(major, minor)
    }

    package static func < (one: KubernetesVersion, other: KubernetesVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }

    package var description: String { "\(major).\(minor)" }

    /// From it on, every node that the API server may have (three minor versions older) knows native sidecars, which
    /// are there since 1.29.
    static let nativeSidecarsEverywhere = KubernetesVersion(1, 32)
}
