/// A value in an endpoint's block that is not valid, or that the relying party would not accept.
public struct SettingsError: Error, Sendable, Equatable {
    /// The key path below the endpoint's block, such as `audience` or `settings.region`.
    public let key: String
    /// What is wrong and what to do, in lower case and without a final period: `invalid region "x"; expected a name such
    /// as eu-central-1`. Quote configured values with ``Quotation``.
    public let message: String

    /// Creates an error of one key.
    public init(_ key: String, _ message: String) {
        self.key = key
        self.message = message
    }
}

/// All errors of one endpoint's block, so that the operator can fix them at once.
public struct SettingsErrors: Error, Sendable, Equatable {
    /// The errors; one or more.
    public let errors: [SettingsError]

    /// Creates the list to throw.
    public init(_ errors: [SettingsError]) { self.errors = errors }

    /// Throws the errors, unless there are none.
    public static func check(_ errors: [SettingsError]) throws(SettingsErrors) {
        if !errors.isEmpty { throw SettingsErrors(errors) }
    }
}

/// Why a Pod is denied; the text reaches its author through kubectl.
public struct InjectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong and what to do, in lower case, without a final period, and 1,000 bytes at most. Quote the annotation
    /// with ``Quotation``.
    public let message: String

    /// Creates an error with that message.
    public init(_ message: String) { self.message = message }

    /// The message.
    public var description: String { message }
}
