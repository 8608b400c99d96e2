import CloudAPI
import JSON

extension TerraformTemplate {
    /// The blocks of a resource: the type and the body.
    func bodies(_ resource: TemplateResources.Resource) -> [(String, [HCL.Item])] {
        let (type, properties) = (Self.types[resource.kind] ?? "", resource.properties)
        switch resource.kind {
        case .bucket: return bucket(properties)
        case .accessControl: return [(type, items(properties["OriginAccessControlConfig"]))]
        case .distribution: return [(type, items(properties["DistributionConfig"]) + [tags(properties)])]
        case .bucketPolicy:
            var body: [HCL.Item] = [
                .attribute("bucket", value(properties["Bucket"])),
                .attribute("policy", policy(properties["PolicyDocument"])),
            ]
            if resources.has(.bucket) {
                body[0] = .attribute("bucket", .expression("aws_s3_bucket.\(name).id"))
                // While public policies are blocked, S3 rejects one.
                body.append(dependency("aws_s3_bucket_public_access_block.\(name)"))
            }
            return [(type, body)]
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
        case .role, .workloadRole: return role(resource)
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

    private func bucket(_ properties: JSONValue) -> [(String, [HCL.Item])] {
        let bucket = HCL.Item.attribute("bucket", .expression("aws_s3_bucket.\(name).id"))
        var rule = properties["OwnershipControls"]?["Rules"]
        if case .array(let rules) = rule { rule = rules.first }
        return [
            ("aws_s3_bucket", [.attribute("bucket", value(properties["BucketName"])), tags(properties)]),
            ("aws_s3_bucket_public_access_block", [bucket] + items(properties["PublicAccessBlockConfiguration"])),
            ("aws_s3_bucket_ownership_controls", [bucket, .block("rule", items(rule))]),
            (
                "aws_s3_bucket_versioning",
                [bucket, .block("versioning_configuration", items(properties["VersioningConfiguration"]))]
            ),
        ]
    }

    private func role(_ resource: TemplateResources.Resource) -> [(String, [HCL.Item])] {
        let properties = resource.properties
        let local = localName(of: resource)
        var body: [HCL.Item] = [.attribute("name", value(properties["RoleName"]))]
        if let path = properties["Path"] { body.append(.attribute("path", value(path))) }
        body += [
            .attribute("description", value(properties["Description"])),
            .attribute("assume_role_policy", policy(properties["AssumeRolePolicyDocument"])),
        ]
        if let duration = properties["MaxSessionDuration"] {
            body.append(.attribute("max_session_duration", value(duration)))
        }
        body.append(tags(properties))
        if let provider = resources.resources.first(where: { $0.kind == .provider && $0.account == resource.account }) {
            body.append(dependency("aws_iam_openid_connect_provider.\(localName(of: provider))"))
        }
        var blocks = [("aws_iam_role", body)]
        if let policies = properties["ManagedPolicyArns"] {
            blocks.append(
                (
                    Self.attachment,
                    [
                        .attribute("for_each", .call("toset", value(policies))),
                        .attribute("role", .expression("aws_iam_role.\(local).name")),
                        .attribute("policy_arn", .expression("each.value")),
                    ]
                ))
        }
        return blocks
    }

    private func dependency(_ address: String) -> HCL.Item {
        .attribute("depends_on", .list([.expression(address)]))
    }
}
