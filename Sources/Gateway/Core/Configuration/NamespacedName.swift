import KubernetesAPI

/// The name of an object with its namespace.
package struct NamespacedName: Sendable, Hashable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    /// Parses `<namespace>/<name>`; nil where one of them is invalid.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, KubernetesName.isLabel(parts[0]), KubernetesName.isSubdomain(parts[1]) else {
            return nil
        }
        namespace = String(parts[0])
        name = String(parts[1])
    }

    package var description: String { "\(namespace)/\(name)" }
}
