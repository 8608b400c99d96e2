import KubernetesAPI

extension KubernetesVersion {
    /// From this version on, all nodes that the API server supports (three minor versions older) have native sidecars,
    /// which exist since 1.29.
    static let nativeSidecarsEverywhere = KubernetesVersion(1, 32)
}
