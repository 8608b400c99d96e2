package import FoundationEssentials

/// The inputs of a gateway beside its configuration.
package struct HostEnvironment: Sendable {
    package let version: String
    /// The process's environment variables, for the API server's address inside a cluster.
    package let environment: [String: String]
    /// The gateway's own, in a cluster; nil if it is unknown.
    package let namespace: String?
    /// Makes a path of the configuration one that can be opened.
    package let resolve: @Sendable (String) -> String
    package let clock: @Sendable () -> Date
    /// Takes whole lines of the audit; false where they were not written.
    package let writeAudit: @Sendable (String) -> Bool
    /// Lines of the log that were dropped since the last call.
    package let takeDroppedLogLines: @Sendable () -> Int

    package init(
        version: String, environment: [String: String], namespace: String?,
        resolve: @escaping @Sendable (String) -> String,
        clock: @escaping @Sendable () -> Date, writeAudit: @escaping @Sendable (String) -> Bool,
        takeDroppedLogLines: @escaping @Sendable () -> Int = { 0 }
    ) {
        self.version = version
        self.environment = environment
        self.namespace = namespace
        self.resolve = resolve
        self.clock = clock
        self.writeAudit = writeAudit
        self.takeDroppedLogLines = takeDroppedLogLines
    }
}
