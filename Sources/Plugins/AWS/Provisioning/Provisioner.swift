import AWSXML
import GatewayPluginAPI
import JSON

/// What the steps of one endpoint share: names, settings, clients, and the state.
struct Provisioner: Sendable {
    let request: ProvisioningRequest
    let settings: ProvisioningSettings
    /// nil in a plan where the key ring does not exist yet: then nothing of this endpoint exists either.
    let names: ProvisionedNames?
    let issuer: any ProvisionedIssuer
    let state: ProvisionedState
    /// Of the account of the bucket.
    let client: AWSClient
    /// How the credentials of `provision.accounts` are found.
    let accounts: [ProvisioningAccount]
    /// Of the other accounts that trust the issuer, in the order of `provision.accounts`.
    let others: [(account: String, client: AWSClient)]

    init(
        _ request: ProvisioningRequest, _ settings: ProvisioningSettings, _ context: ProvisioningContext
    ) {
        self.request = request
        self.settings = settings
        names = request.owner.map {
            ProvisionedNames(cluster: request.cluster, endpoint: request.name, owner: $0)
        }
        issuer = context.issuer
        state = ProvisionedState()
        let main = settings.account ?? settings.role?.account
        client = Self.client(settings, context, account: main)
        accounts = context.administration.accounts
        others = context.administration.accounts.filter { $0.id != main }
            .map { ($0.id, Self.client(settings, context, account: $0.id)) }
    }

    // MARK: Clients

    var cloudFront: DistributionClient {
        DistributionClient(service: service(settings.cloudFront, .cloudFront, settings.cloudFrontRegion))
    }

    /// - Parameter account: nil for that of the bucket.
    func iam(in account: String?) -> IAMClient {
        IAMClient(iam: service(settings.iam, .iam, partition.iam.region, client(of: account)))
    }

    func sts(in account: String?) -> IAMClient {
        IAMClient(sts: service(settings.sts, .sts, settings.region.rawValue, client(of: account)))
    }

    private func client(of account: String?) -> AWSClient { others.first { $0.account == account }?.client ?? client }

    func bucketClient() throws(ProvisioningError) -> BucketClient {
        guard let bucket = settings.bucket ?? BucketName(names?.bucket ?? Self.unknownBucket) else {
            throw ProvisioningError(.permanent, "the bucket has no valid name; set publish.bucket")
        }
        return BucketClient(
            bucket: bucket, region: settings.region, account: account,
            service: service(settings.s3, .s3, settings.region.rawValue), usesPathStyle: settings.usesPathStyle)
    }

    private func service(
        _ endpoint: ServiceEndpoint, _ service: SigV4Signer.Service, _ region: String, _ other: AWSClient? = nil
    ) -> AdministrationClient {
        AdministrationClient(
            client: other ?? client, endpoint: endpoint, signer: SigV4Signer(service: service, region: region))
    }

    private static let unknownBucket = "name-follows-from-the-key-ring"

    // MARK: Values. Where one is not known yet, its reference in a plan.

    var partition: Partition { settings.region.partition }
    var account: String { state.current.account ?? "${identity.account}" }
    var bucketName: String { settings.bucket?.rawValue ?? names?.bucket ?? "${bucket.name}" }
    var tags: [ResourceTag] { names?.tags ?? [] }
    var statementID: String { names?.statement ?? "${bucket-policy.sid}" }

    /// Of the publisher role's inline policy.
    var policyName: String { names?.inlinePolicy ?? "${publisher-role.policy}" }

    /// Of the distribution.
    var domain: String {
        state.current.distribution?.domain ?? (request.isForRolesOnly ? request.host : nil) ?? "${distribution.domain}"
    }
    /// Of the issuer's URL.
    var host: String {
        switch settings.serving {
        case .cloudFront: settings.alias ?? domain
        case .s3: "\(bucketName).s3.\(settings.region).\(partition.domain)"
        case .external: request.host ?? domain
        }
    }
    /// The issuer without its scheme: the name of the IAM provider and the prefix of its condition keys.
    var issuerName: String { host + request.path }
    var isHostKnown: Bool {
        switch settings.serving {
        case .cloudFront:
            settings.alias != nil || state.current.distribution != nil
                || (request.isForRolesOnly && request.host != nil)
        case .s3: settings.bucket != nil || names != nil
        case .external: true
        }
    }

    var distributionARN: String {
        "arn:\(partition.rawValue):cloudfront::\(account):distribution/"
            + (state.current.distribution?.id ?? "${distribution.id}")
    }

    var providerARN: String { providerARN(in: nil) }

    /// - Parameter other: nil for the account of the bucket.
    func providerARN(in other: String?) -> String {
        "arn:\(partition.rawValue):iam::\(other ?? account):oidc-provider/\(issuerName)"
    }

    var roleName: String { settings.role?.name ?? names?.publisherRole ?? "${publisher-role.name}" }
    var roleARN: String {
        settings.role?.description ?? "arn:\(partition.rawValue):iam::\(account):role/\(roleName)"
    }

    /// The ARNs of the objects of the documents.
    var objectARNs: [String] { objectKeys.map { "arn:\(partition.rawValue):s3:::\(bucketName)/\($0)" } }

    var objectKeys: [String] {
        request.documents.map { document in
            let path = String((request.path + document.path).dropFirst())
            return settings.prefix.isEmpty ? path : "\(settings.prefix)/\(path)"
        }
    }

    /// The endpoint's `publish` block: the configured keys, and those that provisioning has determined.
    var publish: JSONValue {
        var members: [JSONValue.Member] = []
        if case .object(let configured) = request.publish { members = configured }
        func set(_ name: String, _ value: JSONValue) {
            if !members.contains(where: { $0.name == name }) { members.append(.init(name, value)) }
        }
        set("bucket", .string(bucketName))
        if let account = state.current.account { set("account", .string(account)) }
        set("region", .string(settings.region.rawValue))
        if settings.serving == .cloudFront, let distribution = state.current.distribution {
            set("distribution", .string(distribution.id))
        }
        if settings.usesOwnToken { set("role", .string(roleARN)) }
        if !settings.overrides.isEmpty {
            set("endpoints", .object(settings.overrides.map { .init($0.name, .string($0.url)) }))
        }
        return .object(members)
    }

    /// Runs a call, and maps its error.
    func run<Value: Sendable>(
        _ call: () async throws(CallFailure) -> Value
    ) async throws(ProvisioningError) -> Value {
        do {
            return try await call()
        } catch {
            throw error.provisioningError
        }
    }

    /// - Throws: where somebody else owns the resource.
    func rejectForeign(_ ownership: ProvisionedNames.Ownership?, _ resource: String) throws(ProvisioningError) {
        guard case .foreign(let owner) = ownership else { return }
        throw ProvisioningError(
            .permanent,
            "\(resource) belongs to another installation (\(owner), by its tags); use another name, or remove the tags "
                + "sts-gateway/… if it is not in use any more")
    }
}
