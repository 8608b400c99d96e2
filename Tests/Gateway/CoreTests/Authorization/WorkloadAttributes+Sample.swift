import GatewayCore
import GatewayPluginAPI

extension WorkloadAttributes {
    /// A Pod of ServiceAccount `billing/writer` that calls the endpoint `example`.
    static func sample(
        namespace: String = "billing", name: String = "writer", uid: String? = "sa-uid", isBoundToPod: Bool = true,
        groups: [String] = ["system:serviceaccounts", "system:serviceaccounts:billing", "system:authenticated"],
        metadata: WorkloadMetadata = WorkloadMetadata()
    ) -> WorkloadAttributes {
        WorkloadAttributes(
            WorkloadIdentity(
                cluster: "production",
                namespace: namespace,
                serviceAccount: .init(name: name, uid: uid),
                pod: isBoundToPod ? .init(name: "writer-0", uid: "pod-uid-1") : nil,
                node: isBoundToPod ? .init(name: "node-a", uid: "node-uid-1") : nil,
                groups: groups,
                credentialID: isBoundToPod ? "JTI=1" : nil),
            endpoint: "example", metadata: metadata)
    }
}
