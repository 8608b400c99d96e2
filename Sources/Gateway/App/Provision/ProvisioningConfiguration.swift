import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON
import Logging

/// A configuration file whose endpoints may lack `issuer.host` and `publish`, which provisioning determines.
struct ProvisioningConfiguration: Sendable {
    let path: String
    let catalog: PluginCatalog
    private let node: ConfigurationNode
    private let logger: Logger

    /// - Throws: the exit status of an invalid file, whose problems are printed.
    init(_ path: String, manifest: String?, logger: Logger) throws {
        self.path = path
        self.logger = logger
        do {
            catalog = try ConfigurationFile.catalog(manifest: manifest ?? ConfigurationFile.foundManifest(beside: path))
        } catch {
            Terminal.error("\(error)", .configurationError)
            throw ExitStatus.configuration
        }
        guard let contents = FileManager.default.contents(atPath: path) else {
            Terminal.error("\(path): not readable; expected the path of a readable file", .configurationError)
            throw ExitStatus.configuration
        }
        do {
            node = try YAMLConfigurationSource.parse(utf8: Array(contents))
        } catch {
            Terminal.error(error.text(file: path))
            throw ExitStatus.configuration
        }
    }

    /// The plugin of the command line.
    func plugin(named name: String) throws -> any ProviderPlugin.Type {
        guard let type = PluginID(name).flatMap({ catalog[$0] }) else {
            let names = catalog.ids.map(\.rawValue).sorted().joined(separator: ", ")
            throw ValidationError("no plugin \"\(name)\"; use one of \(names)")
        }
        return type
    }

    /// The configuration with placeholders for the hosts that are not configured, and without publishers.
    ///
    /// - Throws: the exit status of an invalid file, whose errors are printed.
    func loaded() throws -> GatewayConfiguration {
        let reading = read(Self.withoutPublishers(node))
        for problem in reading.problems where problem.severity == .error {
            Terminal.error(problem.text(file: path))
        }
        guard let configuration = reading.configuration else { throw ExitStatus.configuration }
        return configuration
    }

    /// The endpoint with these values in place of those that are missing.
    func endpoint(
        _ name: String, host: String, publish: JSONValue
    ) throws(ProvisioningError) -> EndpointConfiguration {
        let complete = node.settingEndpoint(name) { endpoint in
            Self.members(host: host, publish: publish).reduce(endpoint) {
                $0.inserting($1.name, ConfigurationNode(json: $1.value))
            }
        }
        let reading = read(Self.withoutPublishers(complete ?? node, except: name))
        guard let endpoint = reading.configuration?.endpoints.first(where: { $0.name == name }) else {
            let texts = reading.problems.filter { $0.severity == .error }.map { $0.text(file: path) }
            throw ProvisioningError(.permanent, texts.joined(separator: "; "))
        }
        return endpoint
    }

    /// The members that are inserted into the endpoint's block.
    static func members(host: String, publish: JSONValue) -> [JSONValue.Member] {
        [.init("issuer", ["host": .string(host)]), .init("publish", publish)]
    }

    /// Whether the file has these values already.
    func contains(_ name: String, host: String, publish: JSONValue) -> Bool {
        guard let endpoint = endpointNode(name), case .object(let wanted) = publish else { return false }
        if case .scalar(let configured, _, _) = endpoint["issuer"]?["host"], !configured.isEmpty {
            guard configured == host else { return false }
        } else {
            // Without a host the issuer is private.
            guard host.hasSuffix(Issuer.privateSuffix) else { return false }
        }
        return wanted.allSatisfy { endpoint["publish"]?[$0.name] != nil }
    }

    /// The configured host; nil where it is missing.
    func host(of name: String) -> String? {
        guard case .scalar(let host, _, _) = endpointNode(name)?["issuer"]?["host"], !host.isEmpty else { return nil }
        return host
    }

    /// A block of an endpoint as configured, without these keys; nil where it is absent.
    func block(_ key: String, of name: String, without keys: Set<String> = []) -> JSONValue? {
        guard let block = endpointNode(name)?[key], case .object(let members) = JSONValue(block) else { return nil }
        return .object(members.filter { !keys.contains($0.name) })
    }

    private func endpointNode(_ name: String) -> ConfigurationNode? {
        node.endpointNodes.first { $0.endpointName == name }
    }

    private func read(_ node: ConfigurationNode) -> ConfigurationFile.Reading {
        ConfigurationFile.read(node, catalog, namespace: CommandEnvironment.namespace, logger: logger)
    }

    private static func withoutPublishers(_ node: ConfigurationNode, except name: String? = nil) -> ConfigurationNode {
        var count = 0
        return node.mappingEndpoints { endpoint in
            count += 1
            var changed = endpoint.inserting("issuer", .mapping([], line: 0))
            if let issuer = changed["issuer"], issuer["host"] == nil || issuer["host"]?.isNull == true {
                // A name that never exists (RFC 6761 §6.4).
                changed = changed.setting(
                    "issuer",
                    issuer.setting("host", .scalar("endpoint-\(count).invalid", isPlain: true, line: issuer.line)))
            }
            guard endpoint.endpointName != name || name == nil,
                case .mapping(let members, let line) = changed["publish"]
            else { return changed }
            // The minimum depends on how the relying party gets the keys.
            if case .mapping(let rotation, let line) = changed["rotation"] {
                changed = changed.setting(
                    "rotation", .mapping(rotation.filter { $0.key != "propagation" }, line: line))
            }
            return changed.setting("publish", .mapping(members.filter { $0.key == "probe" }, line: line))
        }
    }
}
