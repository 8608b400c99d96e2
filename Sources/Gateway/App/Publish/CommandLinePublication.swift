import ArgumentParser
import GatewayCore
import GatewayPluginAPI
import GatewayServer

/// Publication from the command line.
struct CommandLinePublication {
    let config: String
    let plugins: String?

    /// - Parameters:
    ///   - endpoint: nil for every one that has a publisher.
    ///   - plugin: the id of the plugin that must publish them; nil for any.
    func run(
        endpoint: String?, mode: ManualPublication.Mode, isByAdministrator: Bool = false, plugin: String? = nil
    ) async throws {
        try await ConfigurationFile(path: config).manually(manifest: plugins) { configuration, session in
            let publication = ManualPublication(session)
            var isDifferent = false
            var hasFailed = false
            for one in try chosen(endpoint, of: configuration) {
                if let plugin, let publisher = one.publisher?.pluginID.rawValue, publisher != plugin {
                    throw ValidationError("the endpoint \(one.name) is published by \(publisher), not by \(plugin)")
                }
                switch await publication.run(
                    one, mode: mode, isByAdministrator: isByAdministrator, tell: { print($0) })
                {
                case .good: break
                case .differs: isDifferent = true
                case .failed: hasFailed = true
                }
            }
            if hasFailed { throw ExitStatus.unavailable }
            if isDifferent { throw ExitStatus.checkFailed }
        }
    }

    private func chosen(_ name: String?, of configuration: GatewayConfiguration) throws -> [EndpointConfiguration] {
        let published = configuration.endpoints.filter { $0.publisher != nil }
        guard let name else {
            if published.isEmpty {
                Terminal.error("\(config): no endpoint has a publisher; give one its publish block")
                throw ExitStatus.configuration
            }
            return published
        }
        let one = try configuration.endpoint(named: name)
        guard one.publisher != nil else {
            Terminal.error("\(config): the endpoint \(name) has no publisher; give it a publish block")
            throw ExitStatus.configuration
        }
        return [one]
    }
}
