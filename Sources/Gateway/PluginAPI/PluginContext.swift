public import Logging

/// What the gateway gives to a plugin beside its endpoint.
public struct PluginContext: Sendable {
    /// A logger whose metadata has the endpoint's name.
    public let logger: Logger

    /// Creates a context. Tests take `PluginContext.silent` of GatewayPluginTesting.
    public init(logger: Logger) { self.logger = logger }
}
