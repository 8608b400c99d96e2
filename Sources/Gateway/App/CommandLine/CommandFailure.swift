import GatewayCore

/// Why a part of a command failed, with its stable code. It contains no token, key or value of a variable.
struct CommandFailure: Error, CustomStringConvertible {
    let code: ErrorCode
    /// What was found, on one line.
    let cause: String
    /// What to do, on one line; nil for nothing.
    let advice: String?
    /// The permission that is missing, such as `create on tokenreviews`; nil where another reason applies.
    let missingPermission: String?

    /// - Parameter cause: may hold text from outside.
    init(_ code: ErrorCode, _ cause: String, advice: String? = nil, missingPermission: String? = nil) {
        self.code = code
        self.cause = PrintableText.line(cause)
        self.advice = advice.map { PrintableText.line($0) }
        self.missingPermission = missingPermission
    }

    var description: String { cause + (advice.map { "; \($0)" } ?? "") + " (\(code))" }
}
