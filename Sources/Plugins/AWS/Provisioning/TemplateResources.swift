import AWSXML
import Crypto
import GatewayPluginAPI
import JSON

/// The resources of one endpoint for Terraform and CloudFormation, made of the values of the steps. A string may have
/// references to values that are not known yet, such as `${distribution.domain}`. The two documents are not among them: the
/// gateway writes them.
struct TemplateResources: Sendable {
    /// A resource with the property names of CloudFormation.
    struct Resource: Sendable {
        let kind: Kind
        let properties: JSONValue
        /// The value that identifies an existing resource to an import; nil for one that does not exist.
        let existing: String?
        let account: String
        /// The name of a role of workloads.
        var role: String?
        /// The policies that are attached to the role already.
        var attached: [String] = []
    }

    enum Kind: String, Sendable, CaseIterable {
        case bucket, accessControl, distribution, bucketPolicy, provider, role, rolePolicy, workloadRole
    }

    let provisioner: Provisioner
    private(set) var resources: [Resource] = []
    /// What is left to do by hand.
    private(set) var notes: [String] = []
    /// The IDs of the steps whose resources exist.
    private var existing: Set<String> = []

    /// Reads what exists.
    ///
    /// - Throws: where a resource is somebody else's, or where a step has no such form.
    init(_ provisioner: Provisioner) async throws(ProvisioningError) {
        self.provisioner = provisioner
        let steps = provisioner.steps.filter { !($0 is DocumentsStep || $0 is ServingStep) }
        for step in steps where try await step.inspect().existing != nil { existing.insert(step.id) }
        for step in steps {
            switch step {
            case let step as BucketStep: add(step)
            case let step as AccessControlStep: add(step)
            case let step as DistributionStep: add(step)
            case let step as BucketPolicyStep: try await add(step)
            case let step as IdentityProviderStep: add(step)
            case let step as PublisherRoleStep: try await add(step)
            case let step as WorkloadRoleStep: try await add(step)
            default: throw ProvisioningError(.permanent, "the step \(step.id) has no form in another language")
            }
        }
    }

    /// The account of the bucket.
    var account: String { provisioner.account }

    /// The accounts with a resource, in the order of the configuration.
    var accounts: [String] {
        ([account] + provisioner.others.map(\.account)).filter { id in resources.contains { $0.account == id } }
    }

    func has(_ kind: Kind, in account: String? = nil) -> Bool {
        resources.contains { $0.kind == kind && $0.account == account ?? self.account }
    }

    /// The values that are not known before a resource exists.
    static let references: [String: Kind] = [
        "${distribution.id}": .distribution, "${distribution.domain}": .distribution,
        "${access-control.id}": .accessControl,
    ]

    /// Checks that each reference is to one of these resources.
    func checkReferences(of resources: [Resource]) throws(ProvisioningError) {
        let kinds = Set(resources.map(\.kind))
        for resource in resources {
            let text = resource.properties.text
            for (reference, kind) in Self.references where text.contains(reference) && !kinds.contains(kind) {
                throw ProvisioningError(
                    .permanent,
                    "the issuer's host is not known before the distribution exists; create the resources of the endpoint in "
                        + "the account \(account) first, then run the command again")
            }
        }
    }

    /// A name of these characters only, which is unique: where others were replaced it ends in a hash.
    static func identifier(_ name: String, replacement: String, _ isAllowed: (Character) -> Bool) -> String {
        let made = name.map { isAllowed($0) ? String($0) : replacement }.joined()
        guard made != name else { return name }
        return made + replacement + SigV4Signer.hexadecimal(SHA256.hash(data: Array(name.utf8))).prefix(8)
    }

    // MARK: The steps

    private var tags: JSONValue {
        .array(provisioner.tags.map { ["Key": .string($0.key), "Value": .string($0.value)] })
    }

    /// Whether the resource of a step is not adopted; a note names one that is.
    private mutating func manages(_ step: any ProvisioningStep, _ what: String) -> Bool {
        guard provisioner.state.current.isAdopted.contains(step.id) else { return true }
        notes.append("\(what) exists and is not managed here; sts-gateway provision adds what it needs")
        return false
    }

    private mutating func add(_ step: BucketStep) {
        guard manages(step, "the bucket \(provisioner.bucketName)") else { return }
        let names = [
            "publicAccessBlock": "PublicAccessBlockConfiguration", "ownershipControls": "OwnershipControls",
            "versioning": "VersioningConfiguration",
        ]
        let settings = step.settings.map { setting in
            JSONValue.Member(names[setting.subresource] ?? setting.subresource, TemplateValue.object(setting.wanted))
        }
        resources.append(
            Resource(
                kind: .bucket,
                properties: .object(
                    [.init("BucketName", .string(provisioner.bucketName))] + settings + [.init("Tags", tags)]),
                existing: provisioner.state.current.hasBucket ? provisioner.bucketName : nil, account: account))
    }

    private mutating func add(_ step: AccessControlStep) {
        // An adopted distribution has its own one.
        guard !provisioner.state.current.isAdopted.contains("distribution") else { return }
        resources.append(
            Resource(
                kind: .accessControl, properties: ["OriginAccessControlConfig": TemplateValue.object(step.wanted)],
                existing: provisioner.state.current.accessControl, account: account))
    }

    private mutating func add(_ step: DistributionStep) {
        guard manages(step, "the distribution \(provisioner.state.current.distribution?.id ?? "")") else { return }
        resources.append(
            Resource(
                kind: .distribution,
                properties: [
                    "DistributionConfig": TemplateValue.object(
                        provisioner.distribution.created.removing("CallerReference")), "Tags": tags,
                ], existing: provisioner.state.current.distribution?.id, account: account))
    }

    private mutating func add(_ step: BucketPolicyStep) async throws(ProvisioningError) {
        resources.append(
            Resource(
                kind: .bucketPolicy,
                properties: [
                    "Bucket": .string(provisioner.bucketName), "PolicyDocument": try await step.wanted().json,
                ], existing: existing.contains(step.id) ? provisioner.bucketName : nil, account: account))
    }

    private mutating func add(_ step: IdentityProviderStep) {
        let arn = provisioner.providerARN(in: step.account)
        guard manages(step, "the OIDC provider \(arn)") else { return }
        resources.append(
            Resource(
                kind: .provider,
                properties: [
                    "Url": .string("https://\(provisioner.issuerName)"),
                    "ClientIdList": .array(provisioner.request.audiences.map(JSONValue.string)), "Tags": tags,
                ], existing: existing.contains(step.id) ? arn : nil, account: step.account ?? account))
    }

    private mutating func add(_ step: PublisherRoleStep) async throws(ProvisioningError) {
        if manages(step, "the role \(provisioner.roleName)") {
            resources.append(
                Resource(
                    kind: .role,
                    properties: [
                        "RoleName": .string(provisioner.roleName), "Path": .string(step.path),
                        "Description": .string(step.description),
                        "AssumeRolePolicyDocument": PolicyDocument([step.trustStatement]).json, "Tags": tags,
                    ], existing: existing.contains(step.id) ? provisioner.roleName : nil, account: account))
        }
        let hasPolicy = existing.contains(step.id) ? try await step.permissions() != nil : false
        resources.append(
            Resource(
                kind: .rolePolicy,
                properties: [
                    "RoleName": .string(provisioner.roleName), "PolicyName": .string(provisioner.policyName),
                    "PolicyDocument": step.permissionPolicy.json,
                ], existing: hasPolicy ? "\(provisioner.roleName):\(provisioner.policyName)" : nil, account: account))
    }

    private mutating func add(_ step: WorkloadRoleStep) async throws(ProvisioningError) {
        guard manages(step, "the role \(step.arn)") else { return }
        let role = step.role
        var members: [JSONValue.Member] = [
            .init("RoleName", .string(role.name)), .init("Description", .string(step.description)),
            .init("AssumeRolePolicyDocument", PolicyDocument([step.statement]).json),
        ]
        if let duration = role.maximumSession { members.append(.init("MaxSessionDuration", .integer(duration))) }
        if !role.policies.isEmpty {
            members.append(.init("ManagedPolicyArns", .array(role.policies.map(JSONValue.string))))
        }
        members.append(.init("Tags", tags))
        let isExisting = existing.contains(step.id)
        resources.append(
            Resource(
                kind: .workloadRole, properties: .object(members), existing: isExisting ? role.name : nil,
                account: step.account ?? account, role: role.name,
                attached: isExisting ? try await step.policies().filter(role.policies.contains) : []))
    }
}
