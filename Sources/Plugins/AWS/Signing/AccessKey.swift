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

    /// Whether a header can carry it: a stray line end is easily written into a variable or a file.
    var fitsHeaders: Bool {
        [id, secret, sessionToken ?? ""].allSatisfy { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
    }

    var description: String { "AccessKey" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
