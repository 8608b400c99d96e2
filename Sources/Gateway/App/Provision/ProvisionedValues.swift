import GatewayPluginAPI
import GatewayServer
import JSON
import Synchronization

/// Shows host and `publish` block when they are known, and writes them to `--write FILE`.
final class ProvisionedValues: Sendable {
    private let configuration: ProvisioningConfiguration
    private let endpoint: String
    private let file: String?
    private let output: ProvisioningOutput
    private let shown = Mutex<JSONValue?>(nil)

    init(
        _ configuration: ProvisioningConfiguration, endpoint: String, file: String?, output: ProvisioningOutput
    ) {
        self.configuration = configuration
        self.endpoint = endpoint
        self.file = file
        self.output = output
    }

    func isKnown(host: String, publish: JSONValue) throws(ProvisioningError) {
        _ = try configuration.endpoint(endpoint, host: host, publish: publish)
        let values: JSONValue = ["host": .string(host), "publish": publish]
        let isNew = shown.withLock { shown in
            defer { shown = values }
            return shown != values
        }
        guard isNew else { return }
        output.set("host", .string(host))
        output.set("publish", publish)
        let members = ProvisioningConfiguration.members(host: host, publish: publish)
        if let file {
            guard try !write(members, to: file) else { return }
            output.line("    \(file): cannot be edited safely; add the following keys by hand")
        } else if configuration.contains(endpoint, host: host, publish: publish) {
            return
        }
        output.line("    the endpoint \(endpoint) needs these keys:")
        for member in members {
            for line in ConfigurationEdit.lines(member, indentation: "        ") { output.line(line) }
        }
    }

    /// - Returns: false where the file cannot be edited safely.
    private func write(_ members: [JSONValue.Member], to file: String) throws(ProvisioningError) -> Bool {
        do {
            switch try ConfigurationEdit.insert(members, intoEndpoint: endpoint, ofFile: file) {
            case .unsafe: return false
            case .unchanged: return true
            case .written:
                output.line("    \(file): host and publish block of \(endpoint) written")
                return true
            }
        } catch {
            throw ProvisioningError(.permanent, "\(error)")
        }
    }
}
