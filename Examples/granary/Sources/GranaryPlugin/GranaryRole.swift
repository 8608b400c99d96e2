import GatewayPluginAPI

/// A role on a data set, `DATASET/ROLE`.
struct GranaryRole: CustomStringConvertible {
    let dataSet: String
    let role: String

    var description: String { "\(dataSet)/\(role)" }

    init(_ text: String) throws(InjectionError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, GranaryName.isValid(parts[0]), ["reader", "writer"].contains(parts[1]) else {
            throw InjectionError(
                "invalid role \(Quotation.of(text)); expected DATASET/reader or DATASET/writer, such as harvest/reader")
        }
        dataSet = String(parts[0])
        role = String(parts[1])
    }
}

/// A tenant's name.
struct Tenant: Sendable {
    let name: String

    init?(_ text: String) {
        guard GranaryName.isValid(text[...]) else { return nil }
        name = text
    }

    static func error(_ key: String, _ text: String) -> SettingsError {
        SettingsError(
            key, "invalid tenant \(Quotation.of(text)); expected 1 to 63 lower-case letters, digits and hyphens")
    }
}

/// Names of tenants and data sets.
enum GranaryName {
    /// Whether the text has 1 to 63 lower-case letters, digits and hyphens. It compares bytes: a letter with a combining
    /// mark is not a letter.
    static func isValid(_ text: Substring) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }
}
