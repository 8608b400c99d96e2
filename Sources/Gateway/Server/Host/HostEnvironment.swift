package import FoundationEssentials
package import GatewayCore
package import GatewayPluginAPI

/// The inputs of a gateway in addition to its configuration.
package struct HostEnvironment: Sendable {
    package let version: String
    /// The environment variables of the process.
    package let environment: [String: String]
    /// The gateway's namespace in a cluster; nil where it is not known.
    package let namespace: String?
    /// Returns the absolute path for a path of the configuration.
    package let resolve: @Sendable (String) -> String
    package let clock: @Sendable () -> Date
    /// Writes complete lines of the audit; false where they were not written.
    package let writeAudit: @Sendable ([UInt8]) -> Bool
    /// Lines of the log that were dropped since the last call.
    package let takeDroppedLogLines: @Sendable () -> Int
    /// The latest warnings and errors of the log.
    package let recentFailures: @Sendable () -> [StatusReport.Failure]
    /// What an administrator's command may use; nil for `serve`.
    package let administrator: Administrator?

    package struct Administrator: Sendable {
        package let profile: String?
        package let programs: any ProgramRunning

        package init(profile: String?, programs: any ProgramRunning) {
            self.profile = profile
            self.programs = programs
        }
    }

    package init(
        version: String, environment: [String: String], namespace: String?,
        resolve: @escaping @Sendable (String) -> String,
        clock: @escaping @Sendable () -> Date, writeAudit: @escaping @Sendable ([UInt8]) -> Bool,
        takeDroppedLogLines: @escaping @Sendable () -> Int = { 0 },
        recentFailures: @escaping @Sendable () -> [StatusReport.Failure] = { [] },
        administrator: Administrator? = nil
    ) {
        self.version = version
        self.environment = environment
        self.namespace = namespace
        self.resolve = resolve
        self.clock = clock
        self.writeAudit = writeAudit
        self.takeDroppedLogLines = takeDroppedLogLines
        self.recentFailures = recentFailures
        self.administrator = administrator
    }
}
