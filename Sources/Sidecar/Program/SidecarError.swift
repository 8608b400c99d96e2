import Glibc

/// Why a token was not refreshed; for the log, and so without anything of a token.
struct SidecarError: Error, Equatable {
    /// Lower case, no final period, says what to do where something can be done.
    let reason: String
    /// Seconds after which the gateway wants to be asked again.
    var retryAfter: Int?
    /// Whether a kept connection may just have gone stale: nothing came back on it.
    var isStaleConnection = false

    init(_ reason: String, retryAfter: Int? = nil, isStaleConnection: Bool = false) {
        self.reason = reason
        self.retryAfter = retryAfter
        self.isStaleConnection = isStaleConnection
    }

    /// With the text of `errno`.
    static func system(_ what: String, _ code: Int32 = errno) -> SidecarError {
        SidecarError("\(what): \(String(cString: strerror(code)))")
    }
}
