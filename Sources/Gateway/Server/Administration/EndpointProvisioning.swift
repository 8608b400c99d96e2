import FoundationEssentials
package import GatewayCore
package import GatewayPluginAPI
package import JSON
import Logging

/// The gateway's part of provisioning one endpoint: the key ring, the documents, and what a plugin's steps need.
package struct EndpointProvisioning: Sendable {
    private let session: ManualSession
    private let tools: PublicationTools

    package init(_ session: ManualSession) {
        self.session = session
        tools = PublicationTools(in: session.host, logger: session.logger)
    }

    /// Closes the HTTP clients; must be called.
    package func close() async { await tools.close() }

    /// Returns the owner ID of the endpoint's key ring.
    ///
    /// - Parameter makesFirst: whether the key ring is created where there is none.
    /// - Returns: nil where there is none.
    package func owner(of endpoint: EndpointConfiguration, makesFirst: Bool) async throws(StoreError) -> String? {
        try await ManualPublication(session).ring(of: endpoint, makesFirst: makesFirst)?.owner
    }

    package func context(_ issuer: any ProvisionedIssuer, _ endpoint: EndpointConfiguration) -> ProvisioningContext {
        ProvisioningContext(
            logger: tools.logger(for: endpoint.name), transport: tools.transport, now: session.host.clock,
            sleep: session.host.sleep,
            environment: { [environment = session.host.environment] in environment[$0] },
            files: LocalPublisherFiles(resolve: session.host.resolve), issuer: issuer,
            administration: session.host.administration(for: endpoint))
    }

    /// Waits; throws where the task is cancelled.
    package func sleep(_ seconds: Int) async throws { try await session.scheduler.sleep(Double(seconds)) }

    package func issuer(
        isPlan: Bool,
        configuration: @escaping @Sendable (String, JSONValue) throws(ProvisioningError) -> EndpointConfiguration,
        isKnown: @escaping @Sendable (String, JSONValue) throws(ProvisioningError) -> Void
    ) -> any ProvisionedIssuer {
        Issuer(session: session, isPlan: isPlan, configuration: configuration, report: isKnown)
    }

    private struct Issuer: ProvisionedIssuer {
        let session: ManualSession
        let isPlan: Bool
        let configuration: @Sendable (String, JSONValue) throws(ProvisioningError) -> EndpointConfiguration
        let report: @Sendable (String, JSONValue) throws(ProvisioningError) -> Void

        func isKnown(host: String, publish: JSONValue) throws(ProvisioningError) { try report(host, publish) }

        func staleDocuments(host: String, publish: JSONValue) async throws(ProvisioningError) -> [String] {
            try await state(host, publish, reading: false).stale
        }

        func servingProblem(host: String, publish: JSONValue) async throws(ProvisioningError) -> String? {
            try await state(host, publish, reading: true).problem
        }

        func publishDocuments(host: String, publish: JSONValue) async throws(ProvisioningError) {
            try await ManualPublication(session).write(try configuration(host, publish))
        }

        private func state(
            _ host: String, _ publish: JSONValue, reading: Bool
        ) async throws(ProvisioningError) -> ManualPublication.State {
            try await ManualPublication(session).state(
                of: try configuration(host, publish), reading: reading, makesFirst: !isPlan)
        }
    }
}
