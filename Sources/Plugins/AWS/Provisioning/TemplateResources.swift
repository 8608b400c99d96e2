import AWSXML
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
    }

    enum Kind: String, Sendable, CaseIterable {
        case bucket, accessControl, distribution, bucketPolicy, provider, role, rolePolicy
    }

    let resources: [Resource]
    /// What is left to do by hand.
    let notes: [String]

    /// Reads what exists.
    init(_ provisioner: Provisioner, _ steps: [any ProvisioningStep]) async throws(ProvisioningError) {
        var existing: Set<String> = []
        for step in steps where step.id != "documents" && step.id != "serving" {
            if try await step.inspect().existing != nil { existing.insert(step.id) }
        }
        let state = provisioner.state.current
        let tags = JSONValue.array(provisioner.tags.map { ["Key": .string($0.key), "Value": .string($0.value)] })
        var (resources, notes): ([Resource], [String]) = ([], [])
        func managed(_ step: String, _ what: String) -> Bool {
            guard state.isAdopted.contains(step) else { return true }
            notes.append("\(what) exists and is not managed here; sts-gateway provision adds what it needs")
            return false
        }
        if managed("bucket", "the bucket \(provisioner.bucketName)") {
            resources.append(
                Resource(
                    kind: .bucket,
                    properties: .object(
                        [.init("BucketName", .string(provisioner.bucketName))]
                            + [
                                ("PublicAccessBlockConfiguration", BucketSetting.publicAccessBlock),
                                ("OwnershipControls", .ownershipControls), ("VersioningConfiguration", .versioning),
                            ].map { .init($0.0, TemplateValue.object($0.1.wanted)) } + [.init("Tags", tags)]),
                    existing: state.hasBucket ? provisioner.bucketName : nil))
        }
        if managed("distribution", "the distribution") {
            resources.append(
                Resource(
                    kind: .accessControl,
                    properties: [
                        "OriginAccessControlConfig": TemplateValue.object(
                            AccessControlStep(provisioner: provisioner).wanted)
                    ], existing: state.accessControl))
            resources.append(
                Resource(
                    kind: .distribution,
                    properties: [
                        "DistributionConfig": TemplateValue.object(
                            provisioner.distribution.created.removing("CallerReference")),
                        "Tags": tags,
                    ], existing: state.distribution?.id))
        }
        let policy = try await BucketPolicyStep(provisioner: provisioner).wanted()
        resources.append(
            Resource(
                kind: .bucketPolicy,
                properties: ["Bucket": .string(provisioner.bucketName), "PolicyDocument": policy.json],
                existing: existing.contains("bucket-policy") ? provisioner.bucketName : nil))
        if managed("identity-provider", "the OIDC provider \(provisioner.providerARN)") {
            resources.append(
                Resource(
                    kind: .provider,
                    properties: [
                        "Url": .string("https://\(provisioner.issuerName)"),
                        "ClientIdList": .array(provisioner.request.audiences.map(JSONValue.string)), "Tags": tags,
                    ], existing: existing.contains("identity-provider") ? provisioner.providerARN : nil))
        }
        let step = PublisherRoleStep(provisioner: provisioner)
        if managed("publisher-role", "the role \(provisioner.roleName)") {
            resources.append(
                Resource(
                    kind: .role,
                    properties: [
                        "RoleName": .string(provisioner.roleName), "Path": .string(step.path),
                        "Description": .string(step.description),
                        "AssumeRolePolicyDocument": PolicyDocument([step.trustStatement]).json, "Tags": tags,
                    ], existing: existing.contains("publisher-role") ? provisioner.roleName : nil))
        }
        let hasPolicy = existing.contains("publisher-role") ? try await step.permissions() != nil : false
        resources.append(
            Resource(
                kind: .rolePolicy,
                properties: [
                    "RoleName": .string(provisioner.roleName), "PolicyName": .string(provisioner.policyName),
                    "PolicyDocument": step.permissionPolicy.json,
                ], existing: hasPolicy ? "\(provisioner.roleName):\(provisioner.policyName)" : nil))
        self.resources = resources
        self.notes = notes
    }

    func has(_ kind: Kind) -> Bool { resources.contains { $0.kind == kind } }
}

/// Converts the XML of requests to the values of CloudFormation, which has the same member names.
enum TemplateValue {
    private static let numbers: Set<String> = ["ErrorCode", "ErrorCachingMinTTL"]
    private static let renamed = ["ACMCertificateArn": "AcmCertificateArn", "SSLSupportMethod": "SslSupportMethod"]

    static func object(_ element: XMLElement) -> JSONValue {
        var members: [JSONValue.Member] = []
        for child in element.children where child.name != "Quantity" {
            let name = renamed[child.name] ?? child.name
            if child.name == "Rule" {
                members.append(.init("Rules", [object(child)]))
            } else if child["Quantity"] != nil, child["Items"] != nil || child.children.count == 1 {
                members.append(.init(name, .array((child["Items"]?.children ?? []).map(value))))
                // A list in a list, such as the cached ones of the allowed methods.
                for inner in child.children where inner["Quantity"] != nil {
                    members.append(.init(inner.name, .array((inner["Items"]?.children ?? []).map(value))))
                }
            } else if !child.children.isEmpty || !child.text.isEmpty || child.name == "OriginAccessIdentity" {
                members.append(.init(name, value(child)))
            }
        }
        return .object(members)
    }

    private static func value(_ element: XMLElement) -> JSONValue {
        guard element.children.isEmpty else { return object(element) }
        if element.text == "true" || element.text == "false" { return .bool(element.text == "true") }
        if numbers.contains(element.name), let number = Int(element.text) { return .integer(number) }
        return .string(element.text)
    }
}
