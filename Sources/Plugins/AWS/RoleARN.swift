import GatewayPluginAPI

/// The Amazon Resource Name of a role, `arn:<partition>:iam::<account>:role<path><name>` (IAM User Guide, "IAM identifiers").
struct RoleARN: Hashable, Sendable, CustomStringConvertible {
    let partition: Partition
    /// Twelve digits.
    let account: String
    /// Begins and ends with a slash; `/` for a role that has none.
    let path: String
    let name: String

    var description: String { "arn:\(partition.rawValue):iam::\(account):role\(path)\(name)" }

    /// - Throws: an ``InjectionError`` that says which part is wrong.
    init(_ text: String) throws(InjectionError) {
        func rejection(_ reason: String) -> InjectionError {
            InjectionError(
                "invalid role ARN \(Quotation.of(text)): \(reason); expected arn:aws:iam::111111111111:role/name")
        }
        guard text.utf8.count <= Self.maximumLength else {
            throw rejection("it is longer than \(Self.maximumLength) bytes")
        }
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn" else {
            throw rejection("it does not have the six parts arn:partition:iam::account:role/name")
        }
        guard let partition = Partition(rawValue: String(parts[1])) else {
            throw rejection("its partition is not one of \(Partition.names)")
        }
        guard parts[2] == "iam" else { throw rejection("its service is not iam") }
        guard parts[3].isEmpty else { throw rejection("it has a region, but role ARNs have none") }
        guard parts[4].utf8.count == 12, parts[4].utf8.allSatisfy(Self.digits.contains) else {
            throw rejection("its account is not 12 digits")
        }
        let resource = parts[5]
        guard resource.hasPrefix("role/"), let slash = resource.lastIndex(of: "/") else {
            throw rejection("its resource does not begin with role/")
        }
        let name = resource[resource.index(after: slash)...]
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(RoleSessionName.allows) else {
            throw rejection("the role's name is not 1 to 64 letters, digits or characters of +=,.@_-")
        }
        let path = resource[...slash].dropFirst("role".count)
        guard path.utf8.count <= 512, path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw rejection("the role's path has a character that is not printable ASCII, or more than 512 of them")
        }
        self.partition = partition
        self.account = String(parts[4])
        self.path = String(path)
        self.name = String(name)
    }

    /// Maximum length in bytes (`AssumeRoleWithWebIdentity`, RoleArn).
    static let maximumLength = 2048
    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
}
