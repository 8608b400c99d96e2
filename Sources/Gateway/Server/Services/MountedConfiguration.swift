import GatewayCore
import ServiceLifecycle

/// A configuration that is in force, with all that is served and run for it.
struct MountedConfiguration: Sendable {
    let configuration: GatewayConfiguration
    let endpoints: [MountedEndpoint]
    /// Endpoints of an earlier configuration whose documents are still served.
    let retired: [RetiredEndpoint]
    let metrics: GatewayMetrics
    let tokens: GatewayResponder.Served
    let webhook: GatewayResponder.Served
    let admin: GatewayResponder.Served
    /// The services that run while the configuration is in force.
    let work: [any Service]
}
