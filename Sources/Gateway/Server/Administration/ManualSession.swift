import FoundationEssentials
package import GatewayCore
package import Logging

/// What work by hand needs: the key store, opened, and where this process runs. Gateways may run beside it.
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

    /// Ends what was opened; must be called.
    package func close() async { await keyStore.shutdown() }
}
