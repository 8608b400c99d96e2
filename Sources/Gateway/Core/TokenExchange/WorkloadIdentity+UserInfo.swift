package import GatewayPluginAPI
import JSON
import KubernetesAPI

extension WorkloadIdentity {
    /// Creates the identity from a review.
    ///
    /// The user name must be `system:serviceaccount:<namespace>:<name>` with an RFC 1123 label and an RFC 1123 subdomain.
    /// Pod and node are `authentication.kubernetes.io/…` extras of bound tokens.
    ///
    /// - Throws: `notServiceAccount`.
    package init(_ user: UserInfo, cluster: String) throws(SubjectTokenRejection) {
        let parts = user.username.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .map { Substring($0) }
        guard parts.count == 4, parts[0].isExactly("system"), parts[1].isExactly("serviceaccount"),
            KubernetesName.isLabel(parts[2]), KubernetesName.isSubdomain(parts[3])
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
            namespace: String(parts[2]),
            serviceAccount: ObjectReference(name: String(parts[3]), uid: user.uid),
            pod: object("pod"),
            node: object("node"),
            groups: user.groups,
            credentialID: extra("credential-id"))
    }
}
