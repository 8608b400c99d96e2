import FoundationEssentials
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

/// An endpoint that the configuration has no more. It issues nothing; its documents are served until the last token
/// that it issued has ended, and verifiers need them no more.
struct RetiredEndpoint: Sendable {
    let endpoint: MountedEndpoint
    let until: Date

    init(_ endpoint: MountedEndpoint, at now: Date) {
        self.endpoint = endpoint
        let configuration = endpoint.configuration
        until = now.addingTimeInterval(
            Double(configuration.rotationPolicy.retention(longestLife: configuration.token.timeToLive)))
    }
}
