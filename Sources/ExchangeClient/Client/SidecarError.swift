import Glibc

/// Why a token was not refreshed. It is logged, so it contains no part of a token.
package struct SidecarError: Error, Equatable {
    /// In lower case without a final period: what is wrong, and what to do.
    package let reason: String
    package let code: SidecarCode
    /// The delay of `Retry-After` in seconds.
    package var retryAfter: Int?
    /// The `X-Request-Id` of the gateway's response, which its audit record has, too.
    package var auditID: String?
    /// Whether a reused connection may have been closed by the server: no byte of a response was received.
    package var isStaleConnection = false

    /// The reason with the code at its end.
    package var codedReason: String { "\(reason) (\(code.rawValue))" }

    package init(_ code: SidecarCode, _ reason: String, retryAfter: Int? = nil, isStaleConnection: Bool = false) {
        self.code = code
        self.reason = reason
        self.retryAfter = retryAfter
        self.isStaleConnection = isStaleConnection
    }

    /// Appends the text of `errno`.
    package static func system(_ code: SidecarCode, _ what: String, _ error: Int32 = errno) -> SidecarError {
        SidecarError(code, "\(what): \(String(cString: strerror(error)))")
    }
}
