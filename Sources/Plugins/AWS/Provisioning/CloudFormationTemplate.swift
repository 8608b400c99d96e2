import JSON

/// Writes resources as a CloudFormation template in JSON.
struct CloudFormationTemplate: Sendable {
    let resources: TemplateResources

    /// The logical IDs.
    private static let names: [TemplateResources.Kind: (id: String, type: String)] = [
        .bucket: ("Bucket", "AWS::S3::Bucket"),
        .accessControl: ("AccessControl", "AWS::CloudFront::OriginAccessControl"),
        .distribution: ("Distribution", "AWS::CloudFront::Distribution"),
        .bucketPolicy: ("BucketPolicy", "AWS::S3::BucketPolicy"),
        .provider: ("IdentityProvider", "AWS::IAM::OIDCProvider"),
        .role: ("PublisherRole", "AWS::IAM::Role"),
        .rolePolicy: ("PublisherPolicy", "AWS::IAM::RolePolicy"),
    ]

    /// The member that identifies a resource to an import.
    private static let identifiers: [TemplateResources.Kind: String] = [
        .bucket: "BucketName", .accessControl: "Id", .distribution: "Id", .bucketPolicy: "Bucket", .provider: "Arn",
        .role: "RoleName",
    ]

    private static let references = [
        "${distribution.id}": "${Distribution}", "${distribution.domain}": "${Distribution.DomainName}",
        "${access-control.id}": "${AccessControl}",
    ]

    var text: String {
        var members: [JSONValue.Member] = []
        var imports: [JSONValue] = []
        for resource in resources.resources {
            guard let (id, type) = Self.names[resource.kind] else { continue }
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
        if !imports.isEmpty || !resources.notes.isEmpty {
            document.append(
                .init(
                    "Metadata",
                    .object(
                        (imports.isEmpty ? [] : [.init("ResourcesToImport", .array(imports))])
                            + (resources.notes.isEmpty
                                ? [] : [.init("Notes", .array(resources.notes.map(JSONValue.string)))]))))
        }
        document.append(.init("Resources", .object(members)))
        return JSONValue.object(document).indentedText + "\n"
    }

    private func dependency(of kind: TemplateResources.Kind) -> String? {
        switch kind {
        case .role: resources.has(.provider) ? "IdentityProvider" : nil
        case .rolePolicy: resources.has(.role) ? "PublisherRole" : nil
        case .bucketPolicy: resources.has(.bucket) ? "Bucket" : nil
        default: nil
        }
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
