import CloudAPI
import JSON

/// Writes resources as Terraform configuration (HCL), with `import` blocks for what exists.
struct TerraformTemplate: Sendable {
    let resources: TemplateResources
    /// The local name of the resources: letters, digits and underscores.
    let name: String

    init(_ resources: TemplateResources, endpoint: String) {
        self.resources = resources
        name = "sts_" + endpoint.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
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
            "# The issuer of the STS Gateway. The gateway writes the two documents: they are not part of this file.",
            "# Create the distribution first, publish with: sts-gateway provision aws ... --only documents, then apply the rest.",
        ]
        lines += resources.notes.map { "# \($0)." }
        var blocks: [String] = [lines.joined(separator: "\n")]
        blocks.append(
            HCL.block(
                "terraform", [],
                [
                    .block(
                        "required_providers",
                        [.attribute("aws", .map([("source", .text("hashicorp/aws")), ("version", .text(">= 5.81"))]))])
                ]))
        for resource in resources.resources {
            if let existing = resource.existing, let type = Self.types[resource.kind] {
                blocks.append(
                    HCL.block(
                        "import", [],
                        [.attribute("to", .expression("\(type).\(name)")), .attribute("id", .text(existing))]))
            }
            for (type, body) in bodies(resource) { blocks.append(HCL.block("resource", [type, name], body)) }
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private static let types: [TemplateResources.Kind: String] = [
        .bucket: "aws_s3_bucket", .accessControl: "aws_cloudfront_origin_access_control",
        .distribution: "aws_cloudfront_distribution", .bucketPolicy: "aws_s3_bucket_policy",
        .provider: "aws_iam_openid_connect_provider", .role: "aws_iam_role", .rolePolicy: "aws_iam_role_policy",
    ]

    private func bodies(_ resource: TemplateResources.Resource) -> [(String, [HCL.Item])] {
        let (type, properties) = (Self.types[resource.kind] ?? "", resource.properties)
        switch resource.kind {
        case .bucket:
            let bucket = HCL.Item.attribute("bucket", .expression("aws_s3_bucket.\(name).id"))
            return [
                (type, [.attribute("bucket", value(properties["BucketName"])), tags(properties)]),
                (
                    "aws_s3_bucket_public_access_block",
                    [bucket] + items(properties["PublicAccessBlockConfiguration"])
                ),
                (
                    "aws_s3_bucket_ownership_controls",
                    [bucket, .block("rule", items(first(properties["OwnershipControls"]?["Rules"])))]
                ),
                (
                    "aws_s3_bucket_versioning",
                    [bucket, .block("versioning_configuration", items(properties["VersioningConfiguration"]))]
                ),
            ]
        case .accessControl: return [(type, items(properties["OriginAccessControlConfig"]))]
        case .distribution: return [(type, items(properties["DistributionConfig"]) + [tags(properties)])]
        case .bucketPolicy:
            let isManaged = resources.has(.bucket)
            return [
                (
                    type,
                    [
                        .attribute(
                            "bucket", isManaged ? .expression("aws_s3_bucket.\(name).id") : value(properties["Bucket"])),
                        .attribute("policy", policy(properties["PolicyDocument"])),
                    ]
                )
            ]
        case .provider:
            return [
                (
                    type,
                    [
                        .attribute("url", value(properties["Url"])),
                        .attribute("client_id_list", value(properties["ClientIdList"])), tags(properties),
                    ]
                )
            ]
        case .role:
            return [
                (
                    type,
                    [
                        .attribute("name", value(properties["RoleName"])),
                        .attribute("path", value(properties["Path"])),
                        .attribute("description", value(properties["Description"])),
                        .attribute("assume_role_policy", policy(properties["AssumeRolePolicyDocument"])),
                        tags(properties),
                    ]
                )
            ]
        case .rolePolicy:
            let isManaged = resources.has(.role)
            return [
                (
                    type,
                    [
                        .attribute("name", value(properties["PolicyName"])),
                        .attribute(
                            "role", isManaged ? .expression("aws_iam_role.\(name).name") : value(properties["RoleName"])
                        ),
                        .attribute("policy", policy(properties["PolicyDocument"])),
                    ]
                )
            ]
        }
    }

    private func first(_ json: JSONValue?) -> JSONValue? {
        if case .array(let values) = json { values.first } else { json }
    }

    private func tags(_ properties: JSONValue) -> HCL.Item {
        guard case .array(let tags) = properties["Tags"] else { return .attribute("tags", .map([])) }
        return .attribute("tags", .map(tags.map { (string($0["Key"]), value($0["Value"])) }))
    }

    private func string(_ json: JSONValue?) -> String { if case .string(let text) = json { text } else { "" } }

    /// Blocks for objects, as the provider names them; a list of objects is a block for each.
    private func items(_ json: JSONValue?) -> [HCL.Item] {
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

    private func value(_ json: JSONValue?) -> HCL.Expression {
        switch json {
        case .string(let text): .template(text, references)
        case .bool(let value): .expression("\(value)")
        case .integer(let value): .expression("\(value)")
        case .array(let values): .list(values.map { value($0) })
        case .object(let members): .object(members.map { (.template($0.name, references), value($0.value)) })
        default: .expression("null")
        }
    }

    private func policy(_ json: JSONValue?) -> HCL.Expression { .call("jsonencode", value(json)) }
}
