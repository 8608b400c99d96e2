/// One thing in an endpoint's block that the plugin's relying party would refuse.
public struct SettingsError: Error, Sendable, Equatable {
    /// The key below the endpoint's block, such as `audience` or `settings.region`.
    public let key: String
    /// Lower case, no final period, says what would be right.
    public let message: String

    public init(_ key: String, _ message: String) {
        self.key = key
        self.message = message
    }
}

/// All that is wrong with one endpoint's block, so that it can be mended in one go.
public struct SettingsErrors: Error, Sendable, Equatable {
    public let errors: [SettingsError]

    public init(_ errors: [SettingsError]) { self.errors = errors }

    /// Throws where there is anything to report.
    public static func check(_ errors: [SettingsError]) throws(SettingsErrors) {
        if !errors.isEmpty { throw SettingsErrors(errors) }
    }
}

/// Why a Pod cannot be given what it asks for; the text reaches its author through kubectl.
public struct InjectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Lower case, no final period, quotes the offending value, says what would be right.
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
