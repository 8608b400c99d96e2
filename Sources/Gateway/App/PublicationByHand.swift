import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import Logging

/// Publication from the command line.
struct PublicationByHand {
    let config: String
    let plugins: String?

    /// - Parameters:
    ///   - endpoint: nil for every one that has a publisher.
    ///   - plugin: the id of the plugin that must publish them; nil for any.
    func run(
        endpoint: String?, mode: ManualPublication.Mode, isByAdministrator: Bool = false, plugin: String? = nil
    ) async throws {
        let file = ConfigurationFile(path: config)
        let logger = Logger(label: "sts-gateway") { label in
            JSONLogHandler(label: label, logLevel: .warning) { Terminal.write($0, to: 2) }
        }
        let configuration = try file.checked(manifest: plugins, logger: logger)
        let publication: ManualPublication
        do {
            publication = try ManualPublication(
                configuration, in: GatewayAssembly.Surroundings(of: file), logger: logger)
        } catch {
            Terminal.error(error.text(file: config))
            throw ExitStatus.configuration
        }
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
        await publication.close()
        if hasFailed { throw ExitStatus.unavailable }
        if isDifferent { throw ExitStatus.checkFailed }
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
        guard let one = configuration.endpoints.first(where: { $0.name == name }) else {
            let names = configuration.endpoints.map(\.name).joined(separator: ", ")
            throw ValidationError("--endpoint: there is no endpoint \"\(name)\"; write one of \(names)")
        }
        guard one.publisher != nil else {
            Terminal.error("\(config): the endpoint \(name) has no publisher; give it a publish block")
            throw ExitStatus.configuration
        }
        return [one]
    }
}
