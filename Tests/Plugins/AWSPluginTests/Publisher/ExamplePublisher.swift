import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
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
    /// A context at the time of the published examples.
    static func example(
        _ transport: any HTTPTransport, environment: [String: String] = [:], files: FilesInMemory = FilesInMemory(),
        isByAdministrator: Bool = false, maximumAge: Int = 300
    ) -> PublisherContext {
        .example(
            transport: transport, files: files, environment: environment, clock: ManualClock(now: exampleTime),
            maximumAge: maximumAge, isByAdministrator: isByAdministrator)
    }
}
