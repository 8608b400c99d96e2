import FoundationEssentials
package import GatewayCore
package import Logging

/// Reads the last valid configuration of a gateway whose configuration file is invalid.
package enum LastValidStart {
    /// - Parameter text: the text of the file; nil where it is not readable.
    /// - Returns: nil where the key store is not known, or has no configuration.
    /// - Throws: why the configuration cannot be read, for the operator.
    package static func text(
        replacing text: String?, in host: HostEnvironment, logger: Logger
    ) async throws(ConfigurationProblem) -> String? {
        let node = text.flatMap { try? YAMLConfigurationSource.parse($0) }
        guard let location = ConfigurationLoader.keyStoreLocation(node) else { return nil }
        let scheduler = Scheduler.system(clock: host.clock)
        let store: OpenedKeyStore
        do throws(OpenedKeyStore.Problem) {
            store = try OpenedKeyStore(
                location.keyStore, kubeconfig: location.kubeconfig, in: host, scheduler: scheduler, logger: logger)
        } catch {
            return nil
        }
        let result: Result<String?, StoreError>
        do throws(StoreError) {
            result = .success(
                try await store.configurations(scheduler: scheduler, logger: logger)?.load("")?.value.text)
        } catch {
            result = .failure(error)
        }
        await store.shutdown()
        do throws(StoreError) {
            return try result.get()
        } catch {
            throw ConfigurationProblem(.error, at: "", "the last valid configuration is not readable: \(error)")
        }
    }
}
