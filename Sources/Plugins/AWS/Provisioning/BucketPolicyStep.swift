import GatewayPluginAPI
import JSON

/// The statement of the bucket policy that lets only this distribution read the two documents. Statements of others stay.
struct BucketPolicyStep: ProvisioningStep {
    let id = "bucket-policy"
    let provisioner: Provisioner
    var title: String {
        provisioner.settings.serving == .s3
            ? "bucket policy that allows everybody to read the documents"
            : "bucket policy that allows the distribution to read"
    }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let client = try provisioner.bucketClient()
        let current = provisioner.state.current.hasBucket ? try await policy(client) : nil
        let wanted = (current ?? PolicyDocument([])).setting(provisioner.statementID, statement)
        if let current, PolicyDocument.isEquivalent(current.statement(provisioner.statementID), statement) {
            return ProvisioningFinding(existing: "the statement \(provisioner.statementID)")
        }
        return ProvisioningFinding(
            existing: current.map { "a bucket policy with \($0.statements.count) statements" },
            changes: [
                ProvisioningChange(
                    "write the bucket policy",
                    differences: PolicyDocument.differences(from: current, to: wanted),
                    request: client.text("PUT", "policy", wanted.indentedText)
                ) { () throws(ProvisioningError) in
                    try await provisioner.run { () throws(CallFailure) in
                        try await client.put(policy: Array(wanted.text.utf8))
                    }
                }
            ])
    }

    /// The policy with the endpoint's statement.
    func wanted() async throws(ProvisioningError) -> PolicyDocument {
        let client = try provisioner.bucketClient()
        let current = provisioner.state.current.hasBucket ? try await policy(client) : nil
        return (current ?? PolicyDocument([])).setting(provisioner.statementID, statement)
    }

    func policy(_ client: BucketClient) async throws(ProvisioningError) -> PolicyDocument? {
        let response = try await provisioner.run { () throws(CallFailure) in
            try await client.setting("policy", absent: ["NoSuchBucketPolicy"], action: "s3:GetBucketPolicy")
        }
        guard let response else { return nil }
        guard let policy = PolicyDocument(parsing: response.body) else {
            throw ProvisioningError(.permanent, "s3:GetBucketPolicy: the response is not a policy")
        }
        return policy
    }

    private var statement: JSONValue {
        let objects = provisioner.objectARNs.map(JSONValue.string)
        guard provisioner.settings.serving == .cloudFront else {
            return [
                "Sid": .string(provisioner.statementID), "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                "Resource": .array(objects),
            ]
        }
        return [
            "Sid": .string(provisioner.statementID), "Effect": "Allow",
            "Principal": ["Service": "cloudfront.amazonaws.com"], "Action": "s3:GetObject",
            "Resource": .array(objects),
            "Condition": ["StringEquals": ["AWS:SourceArn": .string(provisioner.distributionARN)]],
        ]
    }
}
