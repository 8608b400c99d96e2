/// Who asks: a ServiceAccount, and the Pod and node that its token is bound to, as the reviewer vouches for them.
public struct WorkloadIdentity: Sendable, Equatable {
    /// A Kubernetes object that a token names: its name, and its uid where the reviewer tells it.
    public struct ObjectReference: Sendable, Equatable {
        public let name: String
        public let uid: String?

        public init(name: String, uid: String?) {
            self.name = name
            self.uid = uid
        }
    }

    public let cluster: String
    public let namespace: String
    public let serviceAccount: ObjectReference
    /// nil where the token is bound to no Pod.
    public let pod: ObjectReference?
    public let node: ObjectReference?
    public let groups: [String]
    /// The `jti` of the ServiceAccount token, where the cluster sets one (`JTI=<uuid>`).
    public let credentialID: String?

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

    /// `system:serviceaccount:<namespace>:<name>`.
    public var username: String { "system:serviceaccount:\(namespace):\(serviceAccount.name)" }
}
