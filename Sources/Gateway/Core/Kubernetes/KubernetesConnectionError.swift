/// Why no connection to an API server can be made from what was given, for the operator; every problem at once. It
/// holds no token and no key.
package struct KubernetesConnectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each says where it is and what would be right.
    package let problems: [String]

    package init(problems: [String]) { self.problems = problems }

    package init(_ problem: String) { self.init(problems: [problem]) }

    package var description: String { problems.joined(separator: "; ") }
}
