import KubernetesAPI
package import Logging

/// The environment of a configuration.
package struct ConfigurationContext: Sendable {
    /// The gateway's namespace; nil where there is none or it is not known.
    package let namespace: String?
    /// The logger of plugins. Each plugin gets it with its endpoint's name in the metadata.
    package let logger: Logger

    package init(namespace: String?, logger: Logger) {
        self.namespace = namespace
        self.logger = logger
    }

    /// The default audience of subject tokens.
    var subjectAudience: String { ServiceName.gateway(in: namespace).host }
}
