import ArgumentParser
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON
import Logging

/// One run of `provision` for one or more endpoints.
struct ProvisioningRun: Sendable {
    let configuration: ProvisioningConfiguration
    let plugin: any ProviderPlugin.Type
    let only: String?
    let isPlan: Bool
    /// Whether the user has confirmed with `--yes`.
    let isConfirmed: Bool
    let certificate: String?
    /// The owner ID of the key ring where the key store cannot be reached.
    let owner: String?
    /// The file that gets host and `publish` block.
    let file: String?
    let output: ProvisioningOutput
    /// Whether what was provisioned is removed.
    var isRemoval = false
    /// The role of `provision PLUGIN role`; nil for the roles of the configuration.
    var role: EndpointConfiguration.Provision.Role?
    /// Whether the role is only checked.
    var isCheck = false

    /// Runs with the credentials of an administrator.
    ///
    /// - Parameters:
    ///   - loaded: the configuration of the endpoints.
    ///   - profile: for aws, the profile of the credentials.
    ///   - region: for aws, the region of the bucket.
    func run(
        _ endpoints: [EndpointConfiguration], of loaded: GatewayConfiguration, profile: String?, region: String?,
        logger: Logger
    ) async throws {
        var variables: [String: String] = [:]
        variables["AWS_REGION"] = region
        try await ConfigurationFile(path: configuration.path).withSession(
            loaded, variables: variables, profile: profile, logger: logger
        ) {
            try await run(endpoints, $1)
        }
    }

    private func run(_ endpoints: [EndpointConfiguration], _ session: ManualSession) async throws {
        let provisioning = EndpointProvisioning(session)
        let result: Result<Void, any Error>
        do {
            try await run(endpoints, provisioning)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await provisioning.close()
        output.end()
        try result.get()
    }

    private func run(_ endpoints: [EndpointConfiguration], _ provisioning: EndpointProvisioning) async throws {
        var (hasFailed, isWide) = (false, false)
        for endpoint in endpoints {
            let makesFirst = output.template != nil && isConfirmed && !isPlan && !isRemoval
            let (owner, _) = try await self.owner(endpoint, provisioning, makesFirst: makesFirst)
            if isRemoval, owner == nil {
                Terminal.error(
                    "\(endpoint.name): there is no key ring, whose owner ID the names contain; name it with --owner (the tag "
                        + "sts-gateway/owner of what exists)")
                throw ExitStatus.unavailable
            }
            let plan = try self.plan(endpoint, owner: owner, provisioning)
            output.begin(endpoint.name, steps: plan.steps.count)
            try await identify(endpoint, plan)
            if isCheck {
                if try await !check(endpoint, plan) { isWide = true }
                continue
            }
            if let template = output.template {
                try await write(template, of: endpoint, plan, owner: owner)
                continue
            }
            guard isPlan else { continue }
            let steps = Provisioning(
                steps: plan.steps, only: only, sleep: provisioning.sleep, report: { _ in })
            if owner == nil {
                output.line("\(endpoint.name): there is no key ring yet; names will contain a hash of its owner ID")
            }
            if await !output.plan(steps.plan()) { hasFailed = true }
        }
        if isCheck {
            if isWide { throw ExitStatus.checkFailed }
            return
        }
        if isPlan || output.template != nil {
            if hasFailed { throw ExitStatus.unavailable }
            return
        }
        guard isConfirmed || Terminal.confirms(isRemoval ? "Delete what was provisioned?" : "Apply the changes?") else {
            Terminal.error("nothing was changed")
            throw ExitStatus.usage
        }
        var isPartial = false
        for endpoint in endpoints where try await !apply(endpoint, provisioning) { isPartial = true }
        if isPartial { throw ExitStatus.temporaryFailure }
    }

    /// Prints the resources in a language.
    private func write(
        _ template: ProvisioningTemplate, of endpoint: EndpointConfiguration, _ plan: ProvisioningPlan, owner: String?
    ) async throws {
        guard let make = plan.template else {
            throw ValidationError("--output: the plugin \(plugin.id) has no \(template.rawValue)")
        }
        guard owner != nil else {
            Terminal.error(
                "\(endpoint.name): there is no key ring yet, whose owner ID the names contain; add --yes to create it")
            throw ExitStatus.usage
        }
        do throws(ProvisioningError) {
            Terminal.write(try await make(template), to: 1)
        } catch {
            Terminal.error("\(endpoint.name): \(error)")
            throw ExitStatus.unavailable
        }
    }

    private func identify(_ endpoint: EndpointConfiguration, _ plan: ProvisioningPlan) async throws {
        do throws(ProvisioningError) {
            let identity = try await plan.identity()
            output.set("identity", .string(identity))
            output.line("\(endpoint.name): \(identity)")
        } catch {
            Terminal.error("\(endpoint.name): \(error) (\(error.code))")
            throw ExitStatus.unavailable
        }
    }

    /// - Returns: whether all steps were applied; false where the key store cannot be reached.
    private func apply(_ endpoint: EndpointConfiguration, _ provisioning: EndpointProvisioning) async throws -> Bool {
        let (owner, isStoreReadable) = try await self.owner(endpoint, provisioning, makesFirst: !isRemoval)
        let plan = try self.plan(endpoint, owner: owner, provisioning)
        let steps = isStoreReadable || isRemoval ? plan.steps : Array(plan.steps.prefix { $0.id != Self.documents })
        output.begin(endpoint.name, steps: steps.count)
        do throws(ProvisioningError) {
            _ = try await plan.identity()
            let count = try await Provisioning(
                steps: steps, only: only, sleep: provisioning.sleep, report: output.report
            ).apply()
            output.line("\(endpoint.name): \(count == 0 ? "nothing to change" : "\(count) changes made")")
        } catch {
            Terminal.error("\(endpoint.name): \(error) (\(error.code))")
            Terminal.error("\(endpoint.name): run the same command again to continue")
            throw ExitStatus.unavailable
        }
        for line in plan.summary() { output.line("    \(line)") }
        output.set("summary", .array(plan.summary().map(JSONValue.string)))
        if isRemoval { return output.kept.isEmpty }
        guard !isStoreReadable else { return true }
        output.line(
            "\(endpoint.name): the rest needs the key ring; run where the key store can be reached: "
                + "sts-gateway provision \(plugin.id) --config FILE --endpoint \(endpoint.name) --yes")
        return false
    }

    private static let documents = "documents"

    /// - Returns: the owner ID, nil where there is no key ring yet; and whether the key store can be read.
    private func owner(
        _ endpoint: EndpointConfiguration, _ provisioning: EndpointProvisioning, makesFirst: Bool
    ) async throws -> (String?, Bool) {
        do throws(StoreError) {
            return (
                try await provisioning.owner(of: endpoint, makesFirst: makesFirst) ?? (isRemoval ? owner : nil), true
            )
        } catch {
            guard let owner else {
                Terminal.error(
                    "\(endpoint.name): \(error); run the command where the key store can be reached, or name the key "
                        + "ring's owner ID with --owner\(isRemoval ? "" : " to provision up to the bucket policy")")
                throw ExitStatus.unavailable
            }
            return (owner, false)
        }
    }

    private func roles(of endpoint: EndpointConfiguration) throws -> [ProvisioningRole] {
        do throws(ProvisioningError) {
            var roles: [ProvisioningRole] = []
            for one in role.map({ [$0] }) ?? endpoint.provision.roles { roles.append(try endpoint.provisioning(one)) }
            return roles
        } catch {
            Terminal.error("\(configuration.path): \(endpoint.name): \(error)")
            throw ExitStatus.configuration
        }
    }

    /// Prints who could assume the roles.
    ///
    /// - Returns: whether no role is wider than intended.
    private func check(_ endpoint: EndpointConfiguration, _ plan: ProvisioningPlan) async throws -> Bool {
        guard let check = plan.check else { throw ValidationError("the plugin \(plugin.id) cannot check roles") }
        let checks: [ProvisioningCheck]
        do throws(ProvisioningError) {
            checks = try await check()
        } catch {
            Terminal.error("\(endpoint.name): \(error)")
            throw ExitStatus.unavailable
        }
        for check in checks {
            output.line("\(check.resource) can be assumed by: \(check.summary)")
            for error in check.errors { output.line("    error: \(error)") }
        }
        output.set(
            "checks",
            .array(
                checks.map {
                    [
                        "role": .string($0.resource), "summary": .string($0.summary),
                        "errors": .array($0.errors.map(JSONValue.string)),
                    ]
                }))
        return checks.allSatisfy(\.errors.isEmpty)
    }

    private func plan(
        _ endpoint: EndpointConfiguration, owner: String?, _ provisioning: EndpointProvisioning
    ) throws -> ProvisioningPlan {
        let name = endpoint.name
        let request = ProvisioningRequest(
            cluster: endpoint.endpoint.cluster, name: name, host: configuration.host(of: name),
            path: endpoint.issuer.path, audiences: endpoint.endpoint.audiences, owner: owner,
            publisherSubject: PublisherToken.subject(cluster: endpoint.endpoint.cluster, endpoint: name),
            settings: configuration.block("settings", of: name),
            publish: configuration.block("publish", of: name, without: ["plugin", "probe"]), certificate: certificate,
            subjectTemplate: endpoint.clusterSubjectTemplate, claims: endpoint.token.claims.map(\.name),
            serving: endpoint.provision.serving, roles: try roles(of: endpoint), isForRolesOnly: role != nil)
        let record = ProvisionedValues(configuration, endpoint: name, file: isPlan ? nil : file, output: output)
        let issuer = provisioning.issuer(
            isPlan: isPlan,
            configuration: { (host, publish) throws(ProvisioningError) in
                try configuration.endpoint(name, host: host, publish: publish)
            },
            isKnown: { (host, publish) throws(ProvisioningError) in try record.isKnown(host: host, publish: publish) })
        let plan: ProvisioningPlan?
        do {
            let context = provisioning.context(issuer, endpoint)
            plan =
                try isRemoval
                ? plugin.deprovisioning(for: request, context: context)
                : plugin.provisioning(for: request, context: context)
        } catch {
            for problem in error.errors {
                Terminal.error("\(configuration.path): \(name): \(problem.key): \(problem.message)")
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
}
