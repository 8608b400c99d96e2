import GatewayPluginAPI

/// A provider of a workload identity pool.
struct PoolProvider: Equatable, Sendable {
    let projectNumber: String
    let pool: String
    let provider: String

    /// - Parameter errors: gets what is wrong; then the value is nil.
    init?(_ settings: GCPProvider.Settings, errors: inout [SettingsError]) {
        self.init(
            projectNumber: settings.projectNumber, pool: settings.pool, provider: settings.provider, block: "settings",
            errors: &errors)
    }

    /// - Parameters:
    ///   - block: the configuration's block in which the three keys are.
    ///   - errors: gets what is wrong; then the value is nil.
    init?(projectNumber: String, pool: String, provider: String, block: String, errors: inout [SettingsError]) {
        let count = errors.count
        if !ResourceID.isNumber(projectNumber) {
            errors.append(
                SettingsError(
                    "\(block).projectNumber",
                    "invalid number \(Quotation.of(projectNumber)); expected the number of the pool's project, not its id"
                ))
        }
        for (key, id) in [("pool", pool), ("provider", provider)] where !ResourceID.isOfPool(id) {
            errors.append(
                SettingsError(
                    "\(block).\(key)",
                    "invalid id \(Quotation.of(id)); expected 4 to 32 lowercase letters, digits and \"-\", not "
                        + "beginning with gcp-"))
        }
        guard errors.count == count else { return nil }
        self.projectNumber = projectNumber
        self.pool = pool
        self.provider = provider
    }

    /// The provider whose full resource name, with or without `https:`, is the audience; nil for another audience.
    init?(audience: String) {
        let name = audience.hasPrefix("https:") ? String(audience.dropFirst(6)) : audience
        guard name.hasPrefix(Self.prefix) else { return nil }
        let parts = name.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        var errors: [SettingsError] = []
        guard parts.count == 7 else { return nil }
        self.init(projectNumber: parts[0], pool: parts[4], provider: parts[6], block: "", errors: &errors)
        guard resourceName == name else { return nil }
    }

    /// The pool's name in the IAM API.
    var poolName: String { "projects/\(projectNumber)/locations/global/workloadIdentityPools/\(pool)" }
    /// The provider's name in the IAM API.
    var name: String { "\(poolName)/providers/\(provider)" }
    /// The full resource name: `//iam.googleapis.com/projects/…/providers/…`.
    var resourceName: String { "//iam.googleapis.com/\(name)" }

    /// The member of an IAM policy for a mapped subject.
    func principal(_ subject: String) -> String { "principal://iam.googleapis.com/\(poolName)/subject/\(subject)" }

    private static let prefix = "//iam.googleapis.com/projects/"

    /// Whether the text begins as a resource name, with or without `https:`.
    static func isResourceName(_ text: String) -> Bool {
        text.hasPrefix(prefix) || text.hasPrefix("https:" + prefix)
    }
}

/// The forms of ids.
enum ResourceID {
    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Whether the text is the number of a project.
    static func isNumber(_ text: String) -> Bool { (1...20).contains(text.utf8.count) && text.utf8.allSatisfy(isDigit) }

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
