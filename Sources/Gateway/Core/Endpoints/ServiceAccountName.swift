import KubernetesAPI

/// A ServiceAccount, written `<namespace>/<name>`.
package struct ServiceAccountName: Sendable, Equatable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    /// - Returns: nil where the text has another form.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, KubernetesName.isLabel(parts[0]), KubernetesName.isSubdomain(parts[1]) else {
            return nil
        }
        namespace = parts[0]
        name = parts[1]
    }

    package var description: String { "\(namespace)/\(name)" }
}
