import ArgumentParser
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON

/// The publication of the commands `publish` and `provision`.
struct CommandLinePublication {
    let config: String
    let plugins: String?

    /// - Parameters:
    ///   - endpoint: the name of the endpoint; nil for all with a publisher.
    ///   - plugin: the id of the plugin that must publish them; nil for any.
    ///   - json: whether standard output gets a JSON object for each endpoint, and standard error the lines.
    func run(
        endpoint: String?, mode: ManualPublication.Mode, isByAdministrator: Bool = false, plugin: String? = nil,
        json: Bool = false
    ) async throws {
        try await ConfigurationFile(path: config).withSession(manifest: plugins) { configuration, session in
            let publication = ManualPublication(session)
            var isDifferent = false
            var hasFailed = false
            for one in try selected(endpoint, of: configuration) {
                if let plugin, let publisher = one.publisher?.pluginID.rawValue, publisher != plugin {
                    throw ValidationError("the endpoint \(one.name) uses the publisher \(publisher), not \(plugin)")
                }
                let summary = await publication.summary(
                    one, mode: mode, isByAdministrator: isByAdministrator,
                    output: { Terminal.write($0 + "\n", to: json ? 2 : 1) })
                if json { print(summary.json(of: one.name).text) }
                switch summary.result {
                case .succeeded: break
                case .differs: isDifferent = true
                case .failed: hasFailed = true
                }
            }
            if hasFailed { throw ExitStatus.unavailable }
            if isDifferent { throw ExitStatus.checkFailed }
        }
    }

    private func selected(_ name: String?, of configuration: GatewayConfiguration) throws -> [EndpointConfiguration] {
        let published = configuration.endpoints.filter { $0.publisher != nil }
        guard let name else {
            if published.isEmpty {
                Terminal.error(
                    "\(config): no endpoint has a publisher; add a publish block to an endpoint", .configurationError)
                throw ExitStatus.configuration
            }
            return published
        }
        let one = try configuration.endpoint(named: name)
        guard one.publisher != nil else {
            Terminal.error("\(config): the endpoint \(name) has no publisher; add a publish block", .configurationError)
            throw ExitStatus.configuration
        }
        return [one]
    }
}
