import FoundationEssentials

/// Credentials as the services take them. They cannot be printed.
struct AccessKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let id: String
    let secret: String
    /// Of temporary credentials.
    let sessionToken: String?
    /// nil where they do not end.
    let expiration: Date?

    init(id: String, secret: String, sessionToken: String? = nil, expiration: Date? = nil) {
        self.id = id
        self.secret = secret
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    var description: String { "AccessKey" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
