/// Makes a ``GatewayConfiguration`` of a parsed file, or says all that keeps it from being one.
public enum ConfigurationLoader {
    /// - Parameter catalog: the plugins that endpoints may name.
    /// - Returns: the configuration, nil where a problem is an error; and every problem, in the order of the file.
    public static func load(
        _ node: ConfigurationNode, catalog: PluginCatalog, context: ConfigurationContext
    ) -> (configuration: GatewayConfiguration?, problems: [ConfigurationProblem]) {
        (nil, [])
    }
}
