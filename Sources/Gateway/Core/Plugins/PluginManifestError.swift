/// All that is wrong with a `plugins.json`, so that it can be mended in one go.
package struct PluginManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One or more; each says where and what would be right.
    package let problems: [String]

    init(_ problems: [String]) { self.problems = problems }

    package var description: String { problems.joined(separator: "; ") }
}
