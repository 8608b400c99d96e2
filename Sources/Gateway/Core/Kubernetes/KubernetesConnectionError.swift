/// Why no connection to an API server can be made from what was given, for the operator; every problem at once. It
/// holds no token and no key.
public struct KubernetesConnectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each says where it is and what would be right.
    public let problems: [String]

    public init(problems: [String]) { self.problems = problems }

    public init(_ problem: String) { self.init(problems: [problem]) }

    public var description: String { problems.joined(separator: "; ") }
}
