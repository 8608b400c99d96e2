import FoundationEssentials
import GatewayPluginAPI
import GatewayTestSupport
import Testing

@testable import AWSPlugin

extension AWSProvider.PublisherSettings {
    /// Read as a configuration is.
    static func example(_ json: String) throws -> Self { try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
}

extension PublishPlan {
    /// Of an endpoint named one at `https://issuer.example.com<path>`.
    static func example(_ json: String, path: String = "") throws -> PublishPlan {
        try PublishPlan(.example(json), for: try #require(.example(path: path, audiences: ["sts.amazonaws.com"])))
    }
}

extension PublisherContext {
    static func example(
        _ transport: any HTTPTransport, environment: [String: String] = [:], files: FilesToRead = FilesToRead(),
        isByAdministrator: Bool = false, maximumAge: Int = 300
    ) -> PublisherContext {
        PublisherContext(
            logger: PluginContext.silent.logger, transport: transport, now: { exampleTime }, maximumAge: maximumAge,
            environment: { environment[$0] }, files: files,
            ownToken: { () throws(PublishError) in "header.claims.signature" }, isOwnKeyPublic: { true },
            isByAdministrator: isByAdministrator)
    }
}
