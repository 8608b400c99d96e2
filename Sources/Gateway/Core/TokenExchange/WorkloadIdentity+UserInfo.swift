package import GatewayPluginAPI
import KubernetesAPI

extension WorkloadIdentity {
    /// Creates the identity from a review.
    ///
    /// The user name must be `system:serviceaccount:<namespace>:<name>` with an RFC 1123 label and an RFC 1123 subdomain.
    /// Pod and node are `authentication.kubernetes.io/…` extras of bound tokens.
    ///
    /// - Throws: `notServiceAccount`.
    package init(_ user: UserInfo, cluster: String) throws(SubjectTokenRejection) {
        let prefix = "system:serviceaccount:".utf8
        let parts = user.username.utf8.dropFirst(prefix.count)
            .split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { Substring($0) }
        guard user.username.utf8.starts(with: prefix), parts.count == 2, KubernetesName.isLabel(parts[0]),
            KubernetesName.isSubdomain(parts[1])
        else { throw .notServiceAccount }

        func extra(_ name: String) -> String? {
            guard let value = user.extra["authentication.kubernetes.io/\(name)"]?.first, !value.isEmpty else {
                return nil
            }
            return value
        }
        func object(_ kind: String) -> ObjectReference? {
            extra("\(kind)-name").map { ObjectReference(name: $0, uid: extra("\(kind)-uid")) }
        }
        self.init(
            cluster: cluster,
            namespace: String(parts[0]),
            serviceAccount: ObjectReference(name: String(parts[1]), uid: user.uid),
            pod: object("pod"),
            node: object("node"),
            groups: user.groups,
            credentialID: extra("credential-id"))
    }
}
