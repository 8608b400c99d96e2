import AWSXML
public import GatewayPluginAPI

extension AWSProvider {
    public static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let settings = try ProvisioningSettings(request, environment: context.environment)
        let provisioner = Provisioner(request, settings, context)
        let steps: [any ProvisioningStep] = [
            BucketStep(provisioner: provisioner), AccessControlStep(provisioner: provisioner),
            DistributionStep(provisioner: provisioner), BucketPolicyStep(provisioner: provisioner),
            DocumentsStep(provisioner: provisioner), ServingStep(provisioner: provisioner),
            IdentityProviderStep(provisioner: provisioner), PublisherRoleStep(provisioner: provisioner),
        ]
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in try await provisioner.identity() }, steps: steps,
            summary: { provisioner.summary },
            template: { (format) async throws(ProvisioningError) in
                let resources = try await TemplateResources(provisioner, steps)
                return switch format {
                case .terraform: TerraformTemplate(resources, endpoint: request.name).text
                case .cloudformation: CloudFormationTemplate(resources: resources).text
                }
            })
    }
}

extension Provisioner {
    /// The account and the identity of the credentials (`sts:GetCallerIdentity`).
    ///
    /// - Throws: where the account is not that of the configured role.
    func identity() async throws(ProvisioningError) -> String {
        let found = try await run { () throws(CallFailure) in
            try await sts.send(IAMClient.Call("GetCallerIdentity", []), service: "sts")
        }
        guard let account = found["Account"]?.text, account.utf8.count == 12, let arn = found["Arn"]?.text else {
            throw ProvisioningError(.permanent, "sts:GetCallerIdentity: the response has no account")
        }
        if let role = settings.role, role.account != account {
            throw ProvisioningError(
                .permanent,
                "the credentials are those of the account \(account), but publish.role is in the account "
                    + "\(role.account); use credentials of that account")
        }
        state.update { $0.account = account }
        return "AWS account \(account), \(arn), region \(settings.region)"
    }

    /// What exists, with links to the console.
    var summary: [String] {
        let console = "https://console.aws.amazon.com"
        var lines = ["issuer            https://\(issuerName)"]
        lines.append("bucket            \(bucketName)  https://s3.console.aws.amazon.com/s3/buckets/\(bucketName)")
        if let distribution = state.current.distribution {
            lines.append(
                "distribution      \(distribution.id)  \(console)/cloudfront/v4/home#/distributions/\(distribution.id)")
        }
        lines.append(
            "OIDC provider     \(providerARN)  \(console)/iam/home#/identity_providers")
        lines.append("publisher role    \(roleARN)  \(console)/iam/home#/roles/details/\(roleName)")
        return lines
    }
}
