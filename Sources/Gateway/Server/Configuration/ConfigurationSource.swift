import FoundationEssentials
package import GatewayCore
import LocalFiles

/// The configuration file of a running gateway, and the function that loads its text.
package struct ConfigurationSource: Sendable {
    package let path: String
    /// Parses and validates the text, without I/O.
    let load: @Sendable (String) -> (configuration: GatewayConfiguration?, problems: [ConfigurationProblem])

    /// The maximum size of the file in bytes.
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

    /// Reads the text of the file.
    ///
    /// - Throws: where the file is not readable or not UTF-8.
    func text() throws(ConfigurationProblem) -> String {
        guard let bytes = try? LocalFile.read(path, atMost: Self.maximumLength) else {
            throw ConfigurationProblem(.error, at: "", "not readable; the configuration in force does not change")
        }
        return try YAMLConfigurationSource.text(utf8: Array(bytes))
    }
}
