import KubernetesAPI
package import Logging

/// What a configuration is read with beside its text.
package struct ConfigurationContext: Sendable {
    /// The namespace that the gateway itself runs in; nil where it is none or not known.
    package let namespace: String?
    /// What plugins log to; each gets it with its endpoint's name in the metadata.
    package let logger: Logger

    package init(namespace: String?, logger: Logger) {
        self.namespace = namespace
        self.logger = logger
    }

    /// The audience of subject tokens where an endpoint does not say.
    var subjectAudience: String { ServiceName.gateway(in: namespace).host }
}
