import FoundationEssentials
package import GatewayCore
import GatewayPluginAPI
package import Logging

/// The opened key store and the environment of a command. Gateways may run at the same time.
package struct ManualSession: Sendable {
    let keyStore: OpenedKeyStore
    private let endpoints: [EndpointConfiguration]
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
        endpoints = configuration.endpoints
        do {
            keyStore = try OpenedKeyStore(configuration, in: host, scheduler: scheduler, logger: logger)
        } catch {
            throw ConfigurationProblem(.error, at: error.keyPath, error.message)
        }
        self.host = host
        self.logger = logger
    }

    /// Returns the endpoint whose token authorizes the hand-over of the keys of another; nil where it is that one itself.
    func tokenSource(
        of configuration: EndpointConfiguration, _ tools: PublicationTools
    ) -> PublicationTools.TokenSource? {
        guard let name = configuration.publisher?.plan.keyHandOver?.tokenEndpoint,
            let other = endpoints.first(where: { $0.name == name })
        else { return nil }
        return { [keyStore] () throws(PublishError) in
            let ring: KeyRing?
            do throws(StoreError) {
                ring = try await keyStore.rings.load(name)?.value
            } catch {
                throw PublishError(.unavailable, "the key ring of the endpoint \(name): \(error)")
            }
            guard let ring else {
                throw PublishError(.unavailable, "the endpoint \(name) has no key ring yet; start the gateway")
            }
            return tools.part(
                other, keys: CurrentSigningKeys(SigningKeySnapshot(ring: ring, of: other)), maySuccessorSign: { true })
        }
    }

    /// Closes the key store; must be called.
    package func close() async { await keyStore.shutdown() }
}
