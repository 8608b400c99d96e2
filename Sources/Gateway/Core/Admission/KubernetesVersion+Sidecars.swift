import KubernetesAPI

extension KubernetesVersion {
    /// The first version with native sidecars on all supported nodes: native sidecars exist since 1.29, and nodes may be
    /// three minor versions older than the API server.
    static let nativeSidecarsEverywhere = KubernetesVersion(1, 32)
}
