import GatewayCore
import ServiceLifecycle

/// A whole configuration, ready to be served: taken on at once or not at all.
struct MountedConfiguration: Sendable {
    let configuration: GatewayConfiguration
    let endpoints: [MountedEndpoint]
    /// Endpoints of an earlier configuration.
    let retired: [RetiredEndpoint]
    let metrics: GatewayMetrics
    let tokens: GatewayResponder.Served
    let webhook: GatewayResponder.Served
    let admin: GatewayResponder.Served
    /// What runs as long as it is in force.
    let work: [any Service]
}
