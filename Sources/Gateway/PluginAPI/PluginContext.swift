public import Logging

/// What the gateway hands to a plugin beside its endpoint.
public struct PluginContext: Sendable {
    /// Carries the endpoint's name in its metadata.
    public let logger: Logger

    public init(logger: Logger) { self.logger = logger }
}
