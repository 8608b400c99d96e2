/// One thing wrong with the configuration, or worth a word. The text never holds the value of a secret key.
public struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// An error refuses the configuration; a warning is printed and the gateway starts.
    public enum Severity: String, Sendable { case error, warning }

    public let severity: Severity
    /// Such as `sts.endpoints[1].path`; empty for the document as a whole.
    public let keyPath: String
    /// From 1; 0 where it is of no one line.
    public let line: Int
    /// Lower case, no final period; says what would be right.
    public let message: String

    public init(_ severity: Severity, at keyPath: String, line: Int = 0, _ message: String) {
        self.severity = severity
        self.keyPath = keyPath
        self.line = line
        self.message = message
    }

    public var description: String { keyPath.isEmpty ? message : "\(keyPath): \(message)" }

    /// The line that an operator reads: `file:line: severity: key path: message`.
    public func text(file: String) -> String {
        let place = line > 0 ? "\(file):\(line)" : file
        return "\(place): \(severity.rawValue): \(description)"
    }
}
