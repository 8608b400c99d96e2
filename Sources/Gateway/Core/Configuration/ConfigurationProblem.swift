/// An error or a warning about the configuration. The text never contains the value of a secret key.
package struct ConfigurationProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// With an error the gateway refuses to start; a warning is only printed.
    package enum Severity: String, Sendable { case error, warning }

    package let severity: Severity
    /// Such as `sts.endpoints[1].path`; empty for the document as a whole.
    package let keyPath: String
    /// The line, from 1; 0 where the problem has no single line.
    package let line: Int
    /// In lower case, without a final period; ends with what is expected.
    package let message: String

    package init(_ severity: Severity, at keyPath: String, line: Int = 0, _ message: String) {
        self.severity = severity
        self.keyPath = keyPath
        self.line = line
        self.message = message
    }

    package var description: String { keyPath.isEmpty ? message : "\(keyPath): \(message)" }

    /// The text for the operator: `file:line: severity: key path: message`.
    package func text(file: String) -> String {
        let place = line > 0 ? "\(file):\(line)" : file
        return "\(place): \(severity.rawValue): \(description) (\(code))"
    }

    package var code: ErrorCode { severity == .error ? .configurationError : .configurationWarning }
}
