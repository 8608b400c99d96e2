extension ConfigurationLoader {
    /// Where a file's keys are kept, whatever else is wrong with it.
    ///
    /// - Parameter node: nil where it is no YAML; then it is the cluster, as it is without the key.
    /// - Returns: nil where just that is wrong, too.
    package static func placeOfKeys(
        _ node: ConfigurationNode?
    ) -> (keyStore: GatewayConfiguration.KeyStore, kubeconfig: String?)? {
        guard let node else { return (.kubernetes, nil) }
        let problems = ProblemList()
        let root = gatewayReader(node, problems)
        guard let keyStore = GatewayConfiguration.KeyStore(root.block("keyStore")) else { return nil }
        guard case .kubernetes(let kubeconfig) = GatewayConfiguration.Review(root.block("review")) else {
            return (keyStore, nil)
        }
        return (keyStore, kubeconfig)
    }
}
