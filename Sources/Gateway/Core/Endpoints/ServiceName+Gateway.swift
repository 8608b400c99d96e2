package import KubernetesAPI

extension ServiceName {
    /// The Service of the token listener, unless `injection.gatewayURL` names another. Its host is the default audience
    /// of subject tokens, too.
    ///
    /// - Parameter namespace: the gateway's own; nil if it is unknown, which means `default`.
    package static func gateway(in namespace: String?) -> ServiceName {
        ServiceName("sts-gateway", in: namespace ?? "default")
    }
}
