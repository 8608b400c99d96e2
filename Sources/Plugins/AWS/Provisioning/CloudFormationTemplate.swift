import GatewayPluginAPI
import JSON

/// Writes the resources of one account as a CloudFormation template in JSON.
struct CloudFormationTemplate: Sendable {
    private let resources: [TemplateResources.Resource]
    private let notes: [String]

    /// - Parameter account: whose resources are written; nil where only one account has any.
    /// - Throws: where several have resources and none is named, or where a value is not known yet.
    init(_ all: TemplateResources, account: String?) throws(ProvisioningError) {
        let accounts = all.accounts
        let list = accounts.joined(separator: ", ")
        guard let account = account ?? (accounts.count == 1 ? accounts[0] : nil) else {
            throw ProvisioningError(
                .permanent,
                "a CloudFormation template has the resources of one account; name it with --account: one of \(list)")
        }
        guard accounts.contains(account) else {
            throw ProvisioningError(
                .permanent, "--account: no resource in the account \(Quotation.of(account)); use one of \(list)")
        }
        resources = all.resources.filter { $0.account == account }
        try all.checkReferences(of: resources)
        notes =
            all.notes
            + accounts.filter { $0 != account }.map {
                "the resources of the account \($0) have a template of their own"
            }
    }

    /// The logical IDs.
    private static let names: [TemplateResources.Kind: (id: String, type: String)] = [
        .bucket: ("Bucket", "AWS::S3::Bucket"),
        .accessControl: ("AccessControl", "AWS::CloudFront::OriginAccessControl"),
        .distribution: ("Distribution", "AWS::CloudFront::Distribution"),
        .bucketPolicy: ("BucketPolicy", "AWS::S3::BucketPolicy"),
        .provider: ("IdentityProvider", "AWS::IAM::OIDCProvider"),
        .role: ("PublisherRole", "AWS::IAM::Role"),
        .rolePolicy: ("PublisherPolicy", "AWS::IAM::RolePolicy"),
        .workloadRole: ("WorkloadRole", "AWS::IAM::Role"),
    ]

    /// The member that identifies a resource to an import.
    private static let identifiers: [TemplateResources.Kind: String] = [
        .bucket: "BucketName", .accessControl: "Id", .distribution: "Id", .bucketPolicy: "Bucket", .provider: "Arn",
        .role: "RoleName", .workloadRole: "RoleName",
    ]

    private static let references = [
        "${distribution.id}": "${Distribution}", "${distribution.domain}": "${Distribution.DomainName}",
        "${access-control.id}": "${AccessControl}",
    ]

    var text: String {
        var members: [JSONValue.Member] = []
        var imports: [JSONValue] = []
        for resource in resources {
            guard let (kind, type) = Self.names[resource.kind] else { continue }
            let id = kind + (resource.role.map(Self.logicalName) ?? "")
            var body: [JSONValue.Member] = [.init("Type", .string(type))]
            if let value = resource.existing {
                body += [.init("DeletionPolicy", "Retain"), .init("UpdateReplacePolicy", "Retain")]
                let parts = value.split(separator: ":").map(String.init)
                let identifier: JSONValue =
                    resource.kind == .rolePolicy
                    ? ["RoleName": .string(parts.first ?? ""), "PolicyName": .string(parts.last ?? "")]
                    : .object([.init(Self.identifiers[resource.kind] ?? "Id", .string(value))])
                imports.append([
                    "ResourceType": .string(type), "LogicalResourceId": .string(id), "ResourceIdentifier": identifier,
                ])
            }
            if let needed = dependency(of: resource.kind) { body.append(.init("DependsOn", .string(needed))) }
            body.append(.init("Properties", properties(resource)))
            members.append(.init(id, .object(body)))
        }
        var document: [JSONValue.Member] = [
            .init("AWSTemplateFormatVersion", "2010-09-09"),
            .init("Description", "The issuer of the STS Gateway. The gateway writes the two documents."),
        ]
        if !imports.isEmpty || !notes.isEmpty {
            document.append(
                .init(
                    "Metadata",
                    .object(
                        (imports.isEmpty ? [] : [.init("ResourcesToImport", .array(imports))])
                            + (notes.isEmpty
                                ? [] : [.init("Notes", .array(notes.map(JSONValue.string)))]))))
        }
        document.append(.init("Resources", .object(members)))
        return JSONValue.object(document).indentedText + "\n"
    }

    private func dependency(of kind: TemplateResources.Kind) -> String? {
        switch kind {
        case .role, .workloadRole: has(.provider) ? "IdentityProvider" : nil
        case .rolePolicy: has(.role) ? "PublisherRole" : nil
        case .bucketPolicy: has(.bucket) ? "Bucket" : nil
        default: nil
        }
    }

    private func has(_ kind: TemplateResources.Kind) -> Bool { resources.contains { $0.kind == kind } }

    /// Logical IDs are alphanumeric (CloudFormation User Guide, "Resources").
    private static func logicalName(_ role: String) -> String {
        TemplateResources.identifier(role, replacement: "") { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    private func properties(_ resource: TemplateResources.Resource) -> JSONValue {
        guard case .object(let members) = resource.properties else { return resource.properties }
        return .object(
            members.map { member in
                // The issuer is in the condition keys, which have no functions: the policy is one text.
                if member.name == "AssumeRolePolicyDocument", Self.hasReference(member.value.text) {
                    return .init(member.name, Self.substituted(member.value.text))
                }
                return .init(member.name, Self.value(member.value))
            })
    }

    private static func value(_ json: JSONValue) -> JSONValue {
        switch json {
        case .string(let text): hasReference(text) ? substituted(text) : json
        case .array(let values): .array(values.map(value))
        case .object(let members): .object(members.map { .init($0.name, value($0.value)) })
        default: json
        }
    }

    private static func hasReference(_ text: String) -> Bool { references.keys.contains { text.contains($0) } }

    private static func substituted(_ text: String) -> JSONValue {
        var changed = text.replacing("${", with: "${!")
        for (placeholder, reference) in references {
            changed = changed.replacing(placeholder.replacing("${", with: "${!"), with: reference)
        }
        return ["Fn::Sub": .string(changed)]
    }
}
