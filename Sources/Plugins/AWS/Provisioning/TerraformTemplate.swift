import CloudAPI
import GatewayPluginAPI
import JSON

/// Writes resources as Terraform configuration (HCL), with `import` blocks for what exists. The default provider is that of
/// the bucket's account; each other account has one with an alias.
struct TerraformTemplate: Sendable {
    let resources: TemplateResources
    /// The local name of the resources of the bucket's account. The names of two endpoints differ.
    let name: String

    init(_ resources: TemplateResources, endpoint: String) throws(ProvisioningError) {
        self.resources = resources
        name = "sts_" + endpoint
        try resources.checkReferences(of: resources.resources)
    }

    private var references: [String: String] {
        [
            "${distribution.id}": "${aws_cloudfront_distribution.\(name).id}",
            "${distribution.domain}": "${aws_cloudfront_distribution.\(name).domain_name}",
            "${access-control.id}": "${aws_cloudfront_origin_access_control.\(name).id}",
        ]
    }

    var text: String {
        var lines = [
            "# The issuer of the STS Gateway, for Terraform 1.5 or OpenTofu 1.6 and later, and hashicorp/aws 5.81 and later.",
            "# The default provider is that of the account \(resources.account).",
        ]
        if resources.has(.bucketPolicy) {
            lines += [
                "# The gateway writes the two documents: they are not part of this file. Create the bucket policy first, publish",
                "# with sts-gateway provision aws ... --only documents, then apply the rest.",
            ]
        }
        lines += resources.notes.map { "# \($0.split(whereSeparator: \.isNewline).joined(separator: " "))." }
        var blocks: [String] = [lines.joined(separator: "\n")]
        blocks += resources.accounts.filter { $0 != resources.account }.map(provider)
        for resource in resources.resources {
            let name = localName(of: resource)
            if let existing = resource.existing, let type = Self.types[resource.kind] {
                blocks.append(importing("\(type).\(name)", existing))
            }
            for policy in resource.attached {
                blocks.append(
                    importing(
                        "\(Self.attachment).\(name)[\(HCL.quoted(policy))]", "\(resource.existing ?? "")/\(policy)"))
            }
            for (type, body) in bodies(resource) {
                let account: [HCL.Item] =
                    resource.account == resources.account
                    ? [] : [.attribute("provider", .expression("aws.\(alias(resource.account))"))]
                blocks.append(HCL.block("resource", [type, name], account + body))
            }
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private func alias(_ account: String) -> String { "\(name)_\(account)" }

    /// The provider of a further account, with the credentials of `provision.accounts`.
    private func provider(_ account: String) -> String {
        var items: [HCL.Item] = [
            .attribute("alias", .text(alias(account))),
            .attribute("region", .text(resources.provisioner.settings.region.rawValue)),
            .attribute("allowed_account_ids", .list([.text(account)])),
        ]
        let access = resources.provisioner.accounts.first { $0.id == account }
        if let profile = access?.profile { items.append(.attribute("profile", .text(profile))) }
        if let role = access?.role { items.append(.block("assume_role", [.attribute("role_arn", .text(role))])) }
        return HCL.block("provider", ["aws"], items)
    }

    private func importing(_ address: String, _ id: String) -> String {
        HCL.block("import", [], [.attribute("to", .expression(address)), .attribute("id", .text(id))])
    }

    func localName(of resource: TemplateResources.Resource) -> String {
        if let role = resource.role {
            // The account is part of the name too: two accounts may have equal names.
            let local = resource.account == resources.account ? name : alias(resource.account)
            let isAllowed: (Character) -> Bool = { $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) }
            return "\(local)_role_\(TemplateResources.identifier(role, replacement: "_", isAllowed))"
        }
        return resource.account == resources.account ? name : alias(resource.account)
    }

    static let types: [TemplateResources.Kind: String] = [
        .bucket: "aws_s3_bucket", .accessControl: "aws_cloudfront_origin_access_control",
        .distribution: "aws_cloudfront_distribution", .bucketPolicy: "aws_s3_bucket_policy",
        .provider: "aws_iam_openid_connect_provider", .role: "aws_iam_role", .rolePolicy: "aws_iam_role_policy",
        .workloadRole: "aws_iam_role",
    ]
    static let attachment = "aws_iam_role_policy_attachment"

    // MARK: Values

    func tags(_ properties: JSONValue) -> HCL.Item {
        guard case .array(let tags) = properties["Tags"] else { return .attribute("tags", .map([])) }
        return .attribute("tags", .map(tags.map { (string($0["Key"]), value($0["Value"])) }))
    }

    private func string(_ json: JSONValue?) -> String { if case .string(let text) = json { text } else { "" } }

    /// Blocks for objects, as the provider names them; a list of objects is a block for each.
    func items(_ json: JSONValue?) -> [HCL.Item] {
        guard case .object(let members) = json else { return [] }
        return members.flatMap { member -> [HCL.Item] in
            if member.name == "S3OriginConfig" { return [] }
            let name = Self.renamed[member.name] ?? Self.snakeCase(member.name)
            switch member.value {
            case .object: return [.block(name, items(member.value))]
            case .array(let values):
                if case .object = values.first { return values.map { .block(name, items($0)) } }
                return [.attribute(name, value(member.value))]
            default: return [.attribute(name, value(member.value))]
            }
        }
    }

    /// What the provider names otherwise than CloudFront does, in singular for instance.
    private static let renamed = [
        "Origins": "origin", "Id": "origin_id", "CustomErrorResponses": "custom_error_response",
        "ErrorCachingMinTTL": "error_caching_min_ttl", "CloudFrontDefaultCertificate": "cloudfront_default_certificate",
    ]

    static func snakeCase(_ name: String) -> String {
        var text = ""
        for character in name {
            if character.isUppercase, !text.isEmpty { text += "_" }
            text += character.lowercased()
        }
        return text
    }

    func value(_ json: JSONValue?) -> HCL.Expression {
        switch json {
        case .string(let text): .template(text, references)
        case .bool(let value): .expression("\(value)")
        case .integer(let value): .expression("\(value)")
        case .array(let values): .list(values.map { value($0) })
        case .object(let members): .object(members.map { (.template($0.name, references), value($0.value)) })
        default: .expression("null")
        }
    }

    func policy(_ json: JSONValue?) -> HCL.Expression { .call("jsonencode", value(json)) }
}
