import FoundationEssentials
package import GatewayCore
import LocalFiles

/// The configuration file of a gateway that runs, and how a text becomes a configuration.
package struct ConfigurationSource: Sendable {
    package let path: String
    /// Does no I/O but that of the text's own parsing.
    let load: @Sendable (String) -> (configuration: GatewayConfiguration?, problems: [ConfigurationProblem])

    /// Bytes; what is longer is not read.
    private static let maximumLength = 4 << 20

    package init(
        path: String,
        load:
            @escaping @Sendable (String) -> (
                configuration: GatewayConfiguration?, problems: [ConfigurationProblem]
            )
    ) {
        self.path = path
        self.load = load
    }

    /// The text of the file.
    ///
    /// - Throws: that the file cannot be read or is not UTF-8.
    func text() throws(ConfigurationProblem) -> String {
        guard let bytes = try? LocalFile.read(path, atMost: Self.maximumLength) else {
            throw ConfigurationProblem(.error, at: "", "cannot be read; the configuration in force stays")
        }
        return try YAMLConfigurationSource.text(utf8: Array(bytes))
    }
}
