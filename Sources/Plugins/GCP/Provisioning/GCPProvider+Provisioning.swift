public import GatewayPluginAPI

extension GCPProvider {
    public static func provisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let provisioner = try Provisioner(request, context)
        let accounts = try provisioner.serviceAccounts()
        var steps: [any ProvisioningStep] = []
        if !request.isForRolesOnly {
            if provisioner.serving == .bucket {
                steps +=
                    [
                        BucketStep(provisioner: provisioner), DocumentsStep(provisioner: provisioner),
                        ServingStep(provisioner: provisioner),
                    ] as [any ProvisioningStep]
            }
            steps +=
                [PoolStep(provisioner: provisioner), ProviderStep(provisioner: provisioner)]
                as [any ProvisioningStep]
            if provisioner.serving == .keys { steps.append(KeysStep(provisioner: provisioner)) }
            let grants = provisioner.publisherGrants
            if !grants.isEmpty { steps.append(PublisherStep(provisioner: provisioner, grants: grants)) }
        }
        steps += accounts
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in
                if provisioner.serving == .keys {
                    try provisioner.issuer.isKnown(host: provisioner.host, publish: provisioner.publish)
                }
                return provisioner.identity
            }, steps: steps,
            summary: {
                var lines = ["issuer            \(provisioner.issuerURL)"]
                if provisioner.serving == .bucket { lines.append("bucket            gs://\(provisioner.bucket)") }
                lines.append("provider          \(provisioner.provider.name)")
                return lines + accounts.map { "service account   \($0.account)" }
            },
            template: { (format) async throws(ProvisioningError) in
                guard format == .terraform else {
                    throw ProvisioningError(.permanent, "--output: the plugin gcp has no \(format.rawValue)")
                }
                return try await TerraformTemplate(provisioner, accounts).text()
            },
            check: { () throws(ProvisioningError) in
                var checks: [ProvisioningCheck] = []
                for account in accounts { checks.append(try await account.check()) }
                return checks
            })
    }
}
