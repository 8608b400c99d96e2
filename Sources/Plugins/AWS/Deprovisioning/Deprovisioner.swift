import AWSXML
import GatewayPluginAPI

/// What the steps of the removal share. They are in the order against that of trust: what stays keeps everything below it,
/// so that nobody else can become the issuer that a role trusts.
struct Deprovisioner: Sendable {
    let provisioner: Provisioner
    let names: ProvisionedNames
    private let state = DeprovisioningState()

    init(provisioner: Provisioner, names: ProvisionedNames) {
        self.provisioner = provisioner
        self.names = names
    }

    /// The accounts that may have OIDC providers and roles of the issuer, the bucket's first.
    var accounts: [AccountAccess] {
        let main = AccountAccess(account: provisioner.account) { [provisioner] () throws(ProvisioningError) in
            provisioner.iam(in: nil)
        }
        return [main]
            + provisioner.others.map { other in
                AccountAccess(account: other.account) { [provisioner] () throws(ProvisioningError) in
                    try await provisioner.checkCaller(of: other.account)
                    return provisioner.iam(in: other.account)
                }
            }
    }

    /// The resources that stay and keep everything below them; set by each step, in a plan too.
    var keeping: [String] { state.current.keeping.sorted { $0.key < $1.key }.flatMap(\.value) }

    /// Whether a role, an OIDC provider or an account that cannot be read may still trust the issuer.
    var isTrusted: Bool { !(state.current.keeping["identity-provider"] ?? []).isEmpty }

    func keep(_ step: String, _ resources: [String]) { state.update { $0.keeping[step] = resources } }

    func run<Value: Sendable>(
        _ call: () async throws(CallFailure) -> Value
    ) async throws(ProvisioningError) -> Value { try await provisioner.run(call) }

    // MARK: The distribution and the names under which the documents are served

    /// The distribution as it is at CloudFront.
    struct Distribution: Sendable {
        let id: String
        let domain: String
        let configuration: XMLElement
        /// `Deployed` or `InProgress`.
        let status: String
        let entityTag: String

        var aliases: [String] { (configuration["Aliases"]?["Items"]?.children ?? []).map(\.text) }
        var origins: [XMLElement] { configuration["Origins"]?["Items"]?.children ?? [] }
    }

    /// - Returns: nil where it does not exist.
    func distribution() async throws(ProvisioningError) -> Distribution? {
        let client = provisioner.cloudFront
        var id = provisioner.settings.distribution
        if id == nil {
            let comment = names.comment
            let all = try await run { () throws(CallFailure) in try await client.list(.distribution) }
            let ours = all.filter { $0["Comment"]?.text == comment }
            guard ours.count < 2 else { throw .severalDistributions(ours, comment) }
            id = ours.first?["Id"]?.text
        }
        guard let id else { return nil }
        let found = try await run { () throws(CallFailure) in try await client.get(.distribution, id) }
        guard let found else { return nil }
        guard let configuration = found.element["DistributionConfig"], let domain = found.element["DomainName"]?.text
        else { throw ProvisioningError(.permanent, "cloudfront:GetDistribution: the response has no configuration") }
        provisioner.state.update { $0.distribution = .init(id: id, domain: domain) }
        let distribution = Distribution(
            id: id, domain: domain, configuration: configuration, status: found.element["Status"]?.text ?? "",
            entityTag: found.entityTag)
        state.update { $0.hosts.formUnion(([domain] + distribution.aliases).map { $0.lowercased() }) }
        return distribution
    }

    /// The names under which the documents are or were served.
    ///
    /// - Throws: where the distribution cannot be read.
    func issuers() async throws(ProvisioningError) -> IssuerNames {
        let found = try await distribution()
        var hosts = state.current.hosts
        for host in [provisioner.request.host, provisioner.settings.alias] {
            if let host { hosts.insert(host.lowercased()) }
        }
        return IssuerNames(
            hosts: hosts, bucket: provisioner.bucketName, isHostKnown: found != nil || !hosts.isEmpty)
    }
}

/// The hosts of one endpoint's documents.
struct IssuerNames: Sendable {
    let hosts: Set<String>
    let bucket: String
    /// Whether the distribution or a configured host says it; else only tags identify the endpoint's OIDC provider.
    let isHostKnown: Bool

    /// Whether an issuer, without its scheme, is served from these hosts or from the bucket itself.
    func serve(_ issuer: String) -> Bool {
        let parts = issuer.lowercased().split(separator: "/", omittingEmptySubsequences: false)
        guard let host = parts.first.map(String.init) else { return false }
        if hosts.contains(host) || host.hasPrefix("\(bucket).s3.") || host.hasPrefix("\(bucket).s3-") { return true }
        return (host.hasPrefix("s3.") || host.hasPrefix("s3-")) && parts.dropFirst().first == Substring(bucket)
    }
}

/// An account whose IAM is read and changed.
struct AccountAccess: Sendable {
    let account: String
    /// - Throws: where there are no credentials for the account.
    let iam: @Sendable () async throws(ProvisioningError) -> IAMClient
}
