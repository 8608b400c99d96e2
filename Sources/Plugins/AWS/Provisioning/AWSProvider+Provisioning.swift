import AWSXML
public import GatewayPluginAPI

extension AWSProvider {
    public static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let settings = try ProvisioningSettings(
            request, accounts: context.administration.accounts, profileRegion: try profileRegion(context),
            environment: context.environment)
        let provisioner = Provisioner(request, settings, context)
        try provisioner.checkAccounts()
        let steps = provisioner.steps
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in try await provisioner.identity() }, steps: steps,
            summary: { provisioner.summary },
            template: { (format) async throws(ProvisioningError) in
                let resources = try await TemplateResources(provisioner)
                return switch format {
                case .terraform: try TerraformTemplate(resources, endpoint: request.name).text
                case .cloudformation: try CloudFormationTemplate(resources, account: request.templateAccount).text
                }
            },
            check: { () throws(ProvisioningError) in
                var checks: [ProvisioningCheck] = []
                for step in provisioner.workloadRoles { checks.append(try await step.check()) }
                return checks
            })
    }

    static func profileRegion(_ context: ProvisioningContext) throws(SettingsErrors) -> String? {
        let sts = STSClient(endpoint: ServiceEndpoint(host: ""), transport: context.transport, authorities: { nil })
        let credentials = AdministratorCredentials(
            explicitProfile: context.administration.profile, defaultProfile: nil, environment: context.environment,
            files: context.files, programs: nil, sts: sts, now: context.now)
        do {
            return try credentials.region()
        } catch {
            throw SettingsErrors([SettingsError("provision", "\(error)")])
        }
    }
}

extension Provisioner {
    var steps: [any ProvisioningStep] {
        var steps: [any ProvisioningStep] = []
        guard !request.isForRolesOnly else { return workloadRoles }
        switch settings.serving {
        case .cloudFront:
            steps += [
                BucketStep(provisioner: self), AccessControlStep(provisioner: self),
                DistributionStep(provisioner: self),
                BucketPolicyStep(provisioner: self), DocumentsStep(provisioner: self), ServingStep(provisioner: self),
            ]
        case .s3:
            steps += [
                BucketStep(provisioner: self), BucketPolicyStep(provisioner: self), DocumentsStep(provisioner: self),
                ServingStep(provisioner: self),
            ]
        case .external: break
        }
        // The gateway's own token needs the provider in the account of the publisher role.
        let isMainTrusting =
            others.isEmpty || settings.serving != .external && settings.usesOwnToken
            || request.roles.contains { $0.account == nil }
        if isMainTrusting { steps.append(IdentityProviderStep(provisioner: self, account: nil)) }
        steps += others.map { IdentityProviderStep(provisioner: self, account: $0.account) }
        if settings.usesOwnToken, settings.serving != .external { steps.append(PublisherRoleStep(provisioner: self)) }
        return steps + workloadRoles
    }

    var workloadRoles: [WorkloadRoleStep] { request.roles.map { WorkloadRoleStep(provisioner: self, role: $0) } }

    /// - Throws: where a role is in an account that is not configured.
    func checkAccounts() throws(SettingsErrors) {
        let known = Set(others.map(\.account) + [settings.account, settings.role?.account].compactMap { $0 })
        try SettingsErrors.check(
            request.roles.compactMap { role in
                guard let account = role.account, !known.contains(account) else { return nil }
                return SettingsError(
                    "provision.roles.\(role.name).account",
                    "no account \(Quotation.of(account)) in provision.accounts; add it there")
            })
    }

    /// What exists, with links to the console.
    var summary: [String] {
        let console = "https://\(partition.console)"
        var lines = ["issuer            https://\(issuerName)"]
        if settings.serving != .external, !request.isForRolesOnly {
            lines.append("bucket            \(bucketName)  \(console)/s3/buckets/\(bucketName)")
        }
        if settings.serving == .cloudFront, let distribution = state.current.distribution {
            lines.append(
                "distribution      \(distribution.id)  \(console)/cloudfront/v4/home#/distributions/\(distribution.id)")
        }
        for step in steps {
            switch step {
            case let step as IdentityProviderStep:
                lines.append(
                    "OIDC provider     \(providerARN(in: step.account))  \(console)/iam/home#/identity_providers")
            case is PublisherRoleStep:
                lines.append("publisher role    \(roleARN)  \(console)/iam/home#/roles/details/\(roleName)")
            case let step as WorkloadRoleStep:
                lines.append(
                    "role              \(step.arn)  \(console)/iam/home#/roles/details/\(step.role.name)")
            default: break
            }
        }
        return lines
    }
}
