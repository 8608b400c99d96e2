package import GatewayPluginAPI
package import JOSE
import Logging

extension Endpoint {
    /// An endpoint such as people configure, for a plugin's own tests; nil where the issuer is none.
    package static func example(
        name: String = "one", host: String = "issuer.example.com", path: String = "",
        audiences: [String] = ["https://example.com"], algorithm: SignatureAlgorithm = .rs256
    ) -> Endpoint? {
        guard let issuer = Issuer(host: host, path: path) else { return nil }
        return Endpoint(
            name: name, cluster: "test", issuer: issuer, audiences: audiences, algorithm: algorithm, rsaKeySize: 2048,
            timeToLive: 900)
    }
}

extension PluginContext {
    /// Its logger says nothing.
    package static var silent: PluginContext {
        PluginContext(logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}
