import FoundationEssentials
import GatewayPluginAPI
import GatewayTestSupport

extension PublisherContext {
    /// Nothing but files.
    static func silent(files: any PublisherFiles) -> PublisherContext {
        PublisherContext(
            logger: PluginContext.silent.logger, transport: NoTransport(), now: { Date(timeIntervalSince1970: 0) },
            environment: { _ in nil }, files: files, ownToken: { () throws(PublishError) in "" },
            isOwnKeyPublic: { nil })
    }
}

private struct NoTransport: HTTPTransport {
    func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse {
        throw .failed("there is no network here")
    }
}
