/// All errors of a `plugins.json`.
package struct PluginManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One or more; each has the location and what is expected.
    package let problems: [String]

    init(_ problems: [String]) { self.problems = problems }

    package var description: String { problems.joined(separator: "; ") }
}
