import ArgumentParser
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON

extension ProvisioningRun {
    /// The steps of an endpoint.
    ///
    /// - Throws: the exit status of an invalid configuration, whose problems are printed.
    func plan(
        for endpoint: EndpointConfiguration, owner: String?, _ provisioning: EndpointProvisioning
    ) throws -> ProvisioningPlan {
        let name = endpoint.name
        let request = ProvisioningRequest(
            cluster: endpoint.endpoint.cluster, name: name, host: configuration.host(of: name),
            path: endpoint.issuer.path, audiences: endpoint.endpoint.audiences, owner: owner,
            publisherSubject: PublisherToken.subject(cluster: endpoint.endpoint.cluster, endpoint: name),
            settings: configuration.block("settings", of: name),
            publish: configuration.block("publish", of: name, without: ["plugin", "probe"]), certificate: certificate,
            subjectTemplate: endpoint.clusterSubjectTemplate, claims: endpoint.token.claims.map(\.name),
            serving: endpoint.provision.serving, roles: try roles(of: endpoint), isForRolesOnly: role != nil,
            templateAccount: account, jwksPath: endpoint.issuer.jwksPath)
        let record = ProvisionedValues(configuration, endpoint: name, file: mode == .apply ? file : nil, output: output)
        let issuer = provisioning.issuer(
            isPlan: !mode.isChanging,
            configuration: { (host, publish) throws(ProvisioningError) in
                try configuration.endpoint(name, host: host, publish: publish)
            },
            isKnown: { (host, publish) throws(ProvisioningError) in try record.isKnown(host: host, publish: publish) })
        let plan: ProvisioningPlan?
        do {
            let context = provisioning.context(issuer, endpoint)
            plan =
                try mode.isRemoval
                ? plugin.deprovisioning(for: request, context: context)
                : plugin.provisioning(for: request, context: context)
        } catch {
            for problem in error.errors {
                output.error(
                    "\(configuration.path): \(name): \(problem.key): \(problem.message)", .provisioningSettings)
            }
            throw ExitStatus.configuration
        }
        guard let plan else { throw ValidationError("the plugin \(plugin.id) provisions nothing") }
        if let only, !plan.steps.contains(where: { $0.id == only }) {
            throw ValidationError(
                "--only: no step \"\(only)\"; use one of \(plan.steps.map(\.id).joined(separator: ", "))")
        }
        return plan
    }

    private func roles(of endpoint: EndpointConfiguration) throws -> [ProvisioningRole] {
        do throws(ProvisioningError) {
            var roles: [ProvisioningRole] = []
            for one in role.map({ [$0] }) ?? endpoint.provision.roles { roles.append(try endpoint.provisioning(one)) }
            return roles
        } catch {
            output.error("\(configuration.path): \(endpoint.name): \(error)", .provisioningSettings)
            throw ExitStatus.configuration
        }
    }
}
