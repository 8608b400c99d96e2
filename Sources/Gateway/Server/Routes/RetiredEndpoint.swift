import FoundationEssentials
import GatewayCore

/// An endpoint that was removed from the configuration. It issues no tokens; its documents are served until the last
/// token that it issued has expired.
struct RetiredEndpoint: Sendable {
    let endpoint: MountedEndpoint
    let until: Date

    init(_ endpoint: MountedEndpoint, at now: Date) {
        self.endpoint = endpoint
        let configuration = endpoint.configuration
        until = now.addingTimeInterval(
            Double(configuration.rotationPolicy.retention(maximumTokenLifetime: configuration.token.timeToLive)))
    }
}
