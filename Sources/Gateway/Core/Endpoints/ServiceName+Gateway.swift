package import KubernetesAPI

extension ServiceName {
    /// The default Service of the token listener (`injection.gatewayURL`). Its host is the default audience of subject
    /// tokens.
    ///
    /// - Parameter namespace: the gateway's namespace; nil if it is unknown, which means `default`.
    package static func gateway(in namespace: String?) -> ServiceName {
        ServiceName("sts-gateway", in: namespace ?? "default")
    }
}
