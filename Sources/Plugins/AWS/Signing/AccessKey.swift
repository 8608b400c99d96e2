import FoundationEssentials

/// Credentials. `description` and `dump` are redacted.
struct AccessKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let id: String
    let secret: String
    /// The session token of temporary credentials.
    let sessionToken: String?
    /// nil for credentials that do not expire.
    let expiration: Date?

    init(id: String, secret: String, sessionToken: String? = nil, expiration: Date? = nil) {
        self.id = id
        self.secret = secret
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    /// Whether all parts are visible ASCII, so that a header field can hold them.
    var isValidInHeaders: Bool {
        [id, secret, sessionToken ?? ""].allSatisfy { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
    }

    var description: String { "AccessKey" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
