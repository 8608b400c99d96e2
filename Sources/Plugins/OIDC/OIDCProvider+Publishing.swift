public import GatewayPluginAPI

extension OIDCProvider {
    /// The keys of a `publish` block: a folder that a web server serves.
    public struct PublisherSettings: Decodable, Sendable {
        /// What the web server has as the root of the issuer's host; the issuer's path is a folder below.
        public let directory: String
    }

    public static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        var directory = settings.directory[...]
        while directory.count > 1, directory.last == "/" { directory.removeLast() }
        guard !directory.isEmpty, !directory.contains("\0") else {
            throw SettingsErrors([
                SettingsError("publish.directory", "is no path; write that of a folder which a web server serves")
            ])
        }
        let folder = "\(directory)\(endpoint.issuer.path)"
        return PublisherPlan(location: folder) { DirectoryPublisher(folder: folder, files: $0.files) }
    }
}
