/// Why an API server cannot be connected to with the given settings: all problems at once. It has no token and no key.
public struct KubernetesConnectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each says what is wrong, where, and what to do.
    public let problems: [String]

    /// Creates an error of several problems.
    public init(problems: [String]) { self.problems = problems }

    /// Creates an error of one problem.
    public init(_ problem: String) { self.init(problems: [problem]) }

    /// The problems, joined by semicolons.
    public var description: String { problems.joined(separator: "; ") }
}
