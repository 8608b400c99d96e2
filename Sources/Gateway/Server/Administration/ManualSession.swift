import FoundationEssentials
package import GatewayCore
package import Logging

/// The opened key store and the environment of a command. Gateways may run at the same time.
package struct ManualSession: Sendable {
    let keyStore: OpenedKeyStore
    let host: HostEnvironment
    let scheduler: Scheduler
    let logger: Logger

    /// - Throws: why the key store cannot be opened.
    package init(
        _ configuration: GatewayConfiguration, in host: HostEnvironment, logger: Logger
    ) throws(ConfigurationProblem) {
        try self.init(configuration, in: host, scheduler: .system(clock: host.clock), logger: logger)
    }

    init(
        _ configuration: GatewayConfiguration, in host: HostEnvironment, scheduler: Scheduler, logger: Logger
    ) throws(ConfigurationProblem) {
        self.scheduler = scheduler
        do {
            keyStore = try OpenedKeyStore(configuration, in: host, scheduler: scheduler, logger: logger)
        } catch {
            throw ConfigurationProblem(.error, at: error.keyPath, error.message)
        }
        self.host = host
        self.logger = logger
    }

    /// Closes the key store; must be called.
    package func close() async { await keyStore.shutdown() }
}
