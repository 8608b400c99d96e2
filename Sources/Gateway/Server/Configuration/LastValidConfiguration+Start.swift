import FoundationEssentials
package import GatewayCore
package import Logging

/// Finds the last good configuration of a gateway whose file is not good.
package enum LastGoodStart {
    /// - Parameter text: what the file holds; nil where it cannot be read.
    /// - Returns: nil where nothing tells where keys are kept, or none was kept there.
    /// - Throws: why it cannot be read, in words for the operator.
    package static func text(
        besides text: String?, in host: HostEnvironment, logger: Logger
    ) async throws(ConfigurationProblem) -> String? {
        let node = text.flatMap { try? YAMLConfigurationSource.parse($0) }
        guard let place = ConfigurationLoader.placeOfKeys(node) else { return nil }
        let scheduler = Scheduler.system(clock: host.clock)
        let store: OpenedKeyStore
        do throws(OpenedKeyStore.Problem) {
            store = try OpenedKeyStore(
                place.keyStore, kubeconfig: place.kubeconfig, in: host, scheduler: scheduler, logger: logger)
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
            throw ConfigurationProblem(.error, at: "", "the last good configuration cannot be read: \(error)")
        }
    }
}
