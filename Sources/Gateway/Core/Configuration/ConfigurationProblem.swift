/// One thing wrong with the configuration, or worth a word. The text never holds the value of a secret key.
package struct ConfigurationProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// An error refuses the configuration; a warning is printed and the gateway starts.
    package enum Severity: String, Sendable { case error, warning }

    package let severity: Severity
    /// Such as `sts.endpoints[1].path`; empty for the document as a whole.
    package let keyPath: String
    /// From 1; 0 where it is of no one line.
    package let line: Int
    /// Lower case, no final period; says what would be right.
    package let message: String

    package init(_ severity: Severity, at keyPath: String, line: Int = 0, _ message: String) {
        self.severity = severity
        self.keyPath = keyPath
        self.line = line
        self.message = message
    }

    package var description: String { keyPath.isEmpty ? message : "\(keyPath): \(message)" }

    /// The line that an operator reads: `file:line: severity: key path: message`.
    package func text(file: String) -> String {
        let place = line > 0 ? "\(file):\(line)" : file
        return "\(place): \(severity.rawValue): \(description)"
    }
}
