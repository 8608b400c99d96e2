import GatewayPluginAPI

/// A provider of a workload identity pool.
struct PoolProvider: Equatable {
    let projectNumber: String
    let pool: String
    let provider: String

    /// nil where an id is invalid.
    init?(_ settings: GCPProvider.Settings) {
        guard Self.errors(settings).isEmpty else { return nil }
        projectNumber = settings.projectNumber
        pool = settings.pool
        provider = settings.provider
    }

    /// The full resource name: `//iam.googleapis.com/projects/…/providers/…`.
    var resourceName: String {
        "\(Self.prefix)\(projectNumber)/locations/global/workloadIdentityPools/\(pool)/providers/\(provider)"
    }

    private static let prefix = "//iam.googleapis.com/projects/"

    /// Whether the text begins as a resource name, with or without `https:`.
    static func isResourceName(_ text: String) -> Bool {
        text.hasPrefix(prefix) || text.hasPrefix("https:" + prefix)
    }

    static func errors(_ settings: GCPProvider.Settings) -> [SettingsError] {
        var errors: [SettingsError] = []
        let number = settings.projectNumber
        if !(1...20).contains(number.utf8.count) || !number.utf8.allSatisfy(ResourceID.isDigit) {
            errors.append(
                SettingsError(
                    "settings.projectNumber",
                    "invalid number \(Quotation.of(number)); expected the number of the pool's project, not its id"))
        }
        for (key, id) in [("pool", settings.pool), ("provider", settings.provider)] where !ResourceID.isOfPool(id) {
            errors.append(
                SettingsError(
                    "settings.\(key)",
                    "invalid id \(Quotation.of(id)); expected 4 to 32 lowercase letters, digits and \"-\", not "
                        + "beginning with gcp-"))
        }
        return errors
    }
}

/// The forms of ids.
enum ResourceID {
    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Whether the byte is a lowercase letter, a digit or `-`.
    static func isOfID(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
    }

    /// Whether the text is the id of a pool or a provider (IAM API): 4 to 32 of `[a-z0-9-]`; `gcp-` is reserved.
    static func isOfPool(_ text: String) -> Bool {
        (4...32).contains(text.utf8.count) && text.utf8.allSatisfy(isOfID) && !text.hasPrefix("gcp-")
    }

    /// Whether the text is the id of a project: 6 to 30 of `[a-z0-9-]`, also with a domain (`example.com:my-project`).
    static func isProject(_ text: String) -> Bool {
        (6...100).contains(text.utf8.count) && text.utf8.first.map { !isDigit($0) } == true
            && text.utf8.allSatisfy { isOfID($0) || ".:".utf8.contains($0) }
    }

    /// Whether the text is the name of a region, such as `europe-west3`.
    static func isRegion(_ text: String) -> Bool {
        (4...40).contains(text.utf8.count) && text.utf8.allSatisfy(isOfID) && text.utf8.last.map(isDigit) == true
    }
}
