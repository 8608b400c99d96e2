/// All that is wrong with a `plugins.json`, so that it can be mended in one go.
public struct PluginManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One or more; each says where and what would be right.
    public let problems: [String]

    init(_ problems: [String]) { self.problems = problems }

    public var description: String { problems.joined(separator: "; ") }
}
