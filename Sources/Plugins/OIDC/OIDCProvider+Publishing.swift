public import GatewayPluginAPI

extension OIDCProvider {
    /// The keys of a `publish` block: a directory that a web server serves.
    public struct PublisherSettings: Decodable, Sendable {
        /// The root directory of the issuer's host; the issuer's path is a directory below it.
        public let directory: String
    }

    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        var directory = settings.directory[...]
        while directory.count > 1, directory.last == "/" { directory.removeLast() }
        guard !directory.isEmpty, !directory.contains("\0") else {
            throw SettingsErrors([
                SettingsError(
                    "publish.directory", "invalid path; expected that of a directory that a web server serves")
            ])
        }
        let path = "\(directory)\(endpoint.issuer.path)"
        return PublisherPlan(location: path) { DirectoryPublisher(directory: path, files: $0.files) }
    }
}
