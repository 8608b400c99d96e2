/// The workload of a token request: a ServiceAccount, and the Pod and node that its token is bound to, as the token review
/// confirms them.
public struct WorkloadIdentity: Sendable, Equatable {
    /// A Kubernetes object that a token names.
    public struct ObjectReference: Sendable, Equatable {
        /// `metadata.name`.
        public let name: String
        /// `metadata.uid`; nil where the token review does not return it.
        public let uid: String?

        /// Creates a reference from a name and a uid.
        public init(name: String, uid: String?) {
            self.name = name
            self.uid = uid
        }
    }

    /// The configured name of the cluster.
    public let cluster: String
    /// The ServiceAccount's namespace.
    public let namespace: String
    /// The ServiceAccount.
    public let serviceAccount: ObjectReference
    /// The Pod; nil where the token is not bound to one.
    public let pod: ObjectReference?
    /// The Pod's node; nil where the token does not name it.
    public let node: ObjectReference?
    /// The user's groups, such as `system:serviceaccounts`.
    public let groups: [String]
    /// The ServiceAccount token's id as the API server writes it, `JTI=<uuid>`; nil where it has none.
    public let credentialID: String?

    /// Creates an identity from its parts.
    public init(
        cluster: String, namespace: String, serviceAccount: ObjectReference, pod: ObjectReference?,
        node: ObjectReference?, groups: [String], credentialID: String?
    ) {
        self.cluster = cluster
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.pod = pod
        self.node = node
        self.groups = groups
        self.credentialID = credentialID
    }

    /// The user name, `system:serviceaccount:<namespace>:<name>`.
    public var username: String { "system:serviceaccount:\(namespace):\(serviceAccount.name)" }
}
