import FoundationEssentials
import GatewayCore

/// An endpoint that the configuration has no more. It issues nothing; its documents are served until the last token
/// that it issued has ended, and verifiers need them no more.
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
