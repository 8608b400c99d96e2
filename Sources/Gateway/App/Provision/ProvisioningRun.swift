import ArgumentParser
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON
import Logging

/// One run of `provision` or `deprovision` for one or more endpoints.
struct ProvisioningRun: Sendable {
    /// What a run does.
    enum Mode: Sendable, Equatable {
        /// Shows what `apply` would change.
        case plan
        /// Provisions.
        case apply
        /// Shows what `remove` would delete.
        case planRemoval
        /// Deletes what was provisioned.
        case remove
        /// Prints the resources in a language.
        case template(ProvisioningTemplate)
        /// Prints a file that the relying party reads.
        case configuration
        /// Says who could assume the roles.
        case check

        var isRemoval: Bool { self == .planRemoval || self == .remove }
        /// Whether resources are changed.
        var isChanging: Bool { self == .apply || self == .remove }
    }

    let mode: Mode
    let configuration: ProvisioningConfiguration
    let plugin: any ProviderPlugin.Type
    let output: ProvisioningOutput
    /// Whether the user has confirmed with `--yes`.
    let isConfirmed: Bool
    /// The owner ID of the key ring where the key store cannot be reached.
    let owner: String?
    var only: String?
    var certificate: String?
    /// The file that gets host and `publish` block.
    var file: String?
    /// The role of `provision PLUGIN role`; nil for the roles of the configuration.
    var role: EndpointConfiguration.Provision.Role?
    /// The account whose resources a template has.
    var account: String?
    /// The command line without its endpoints, `--owner` and `--yes`, to continue where the key store can be reached.
    var commandLine: [String] = []

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
        var isSuccessful = true
        for endpoint in endpoints {
            let ring = try await ring(of: endpoint, provisioning, makesFirst: makesFirstRing)
            if mode.isRemoval, ring.owner == nil {
                output.error(
                    "\(endpoint.name): there is no key ring, whose owner ID the names contain; name it with --owner (the tag "
                        + "sts-gateway/owner of what exists)", .provisioningFailed)
                throw ExitStatus.unavailable
            }
            if mode == .apply, role != nil, ring.owner == nil {
                output.error(
                    "\(endpoint.name): there is no key ring, whose owner ID is in the tags; provision the endpoint first, or "
                        + "name it with --owner", .provisioningFailed)
                throw ExitStatus.unavailable
            }
            let plan = try plan(for: endpoint, owner: ring.owner, provisioning)
            output.begin(endpoint.name, steps: plan.steps.count)
            try await identify(endpoint, plan)
            switch mode {
            case .check: if try await !check(endpoint, plan) { isSuccessful = false }
            case .configuration: try writeConfiguration(of: endpoint, plan)
            case .template(let template): try await write(template, of: endpoint, plan, owner: ring.owner)
            case .plan, .planRemoval:
                if ring.owner == nil {
                    output.line(
                        "\(endpoint.name): there is no key ring yet; names will contain a hash of its owner ID")
                }
                let steps = Provisioning(steps: plan.steps, only: only, sleep: provisioning.sleep, report: { _ in })
                if await !output.plan(steps.plan()) { isSuccessful = false }
            case .apply, .remove: break
            }
        }
        guard mode.isChanging else {
            guard isSuccessful else { throw mode == .check ? ExitStatus.checkFailed : ExitStatus.unavailable }
            return
        }
        guard isConfirmed || Terminal.confirms(mode == .remove ? "Delete what was provisioned?" : "Apply the changes?")
        else {
            output.error("nothing was changed", .usage)
            throw ExitStatus.usage
        }
        let isComplete = try await Interruption.cancelling {
            var isComplete = true
            for endpoint in endpoints where try await !apply(endpoint, provisioning) { isComplete = false }
            return isComplete
        }
        guard isComplete else { throw ExitStatus.temporaryFailure }
    }

    /// Whether the first key ring is created before the user sees anything else.
    private var makesFirstRing: Bool {
        if case .template = mode { isConfirmed } else { false }
    }

    /// Prints the file of the relying party.
    private func writeConfiguration(of endpoint: EndpointConfiguration, _ plan: ProvisioningPlan) throws {
        guard let make = plan.configuration else {
            throw ValidationError("--output: the plugin \(plugin.id) has no configuration; its requests are in --plan")
        }
        do throws(ProvisioningError) {
            Terminal.write(try make(), to: 1)
        } catch {
            Terminal.error("\(endpoint.name): \(error)", error.code)
            throw ExitStatus.unavailable
        }
    }

    private func identify(_ endpoint: EndpointConfiguration, _ plan: ProvisioningPlan) async throws {
        do throws(ProvisioningError) {
            let identity = try await plan.identity()
            output.set("identity", .string(identity))
            output.line("\(endpoint.name): \(identity)")
        } catch {
            output.error("\(endpoint.name): \(error) (\(error.code))")
            throw ExitStatus.unavailable
        }
    }

    /// - Returns: whether all is done; false where something stays, or where the key store cannot be reached.
    private func apply(_ endpoint: EndpointConfiguration, _ provisioning: EndpointProvisioning) async throws -> Bool {
        let ring = try await ring(of: endpoint, provisioning, makesFirst: mode == .apply && role == nil)
        let plan = try plan(for: endpoint, owner: ring.owner, provisioning)
        let needsRing = mode == .apply && !ring.isReadable
        let steps = needsRing ? Array(plan.steps.prefix { !Self.publications.contains($0.id) }) : plan.steps
        output.begin(endpoint.name, steps: steps.count)
        do throws(ProvisioningError) {
            _ = try await plan.identity()
            let count = try await Provisioning(
                steps: steps, only: only, sleep: provisioning.sleep, report: output.report
            ).apply()
            output.line("\(endpoint.name): \(count == 0 ? "nothing to change" : "\(count) changes made")")
        } catch {
            output.error("\(endpoint.name): \(error) (\(error.code))")
            output.error("\(endpoint.name): run the same command again to continue")
            throw ExitStatus.unavailable
        }
        for line in plan.summary() { output.line("    \(line)") }
        output.set("summary", .array(plan.summary().map(JSONValue.string)))
        if mode == .remove { return output.kept.isEmpty }
        guard steps.count < plan.steps.count else { return true }
        let continuation = (commandLine + ["--endpoint", endpoint.name, "--yes"]).map(ShellWord.quoted)
            .joined(separator: " ")
        output.line("\(endpoint.name): the rest needs the key ring; run where the key store can be reached:")
        output.line("    sts-gateway \(continuation)")
        output.set("continuation", .string("sts-gateway \(continuation)"))
        return false
    }

    /// The IDs of the steps that need the key ring.
    private static let publications: Set = ["documents", "keys"]

    /// The owner ID of a key ring, nil where there is none yet; and whether the key store can be read.
    private typealias Ring = (owner: String?, isReadable: Bool)

    private func ring(
        of endpoint: EndpointConfiguration, _ provisioning: EndpointProvisioning, makesFirst: Bool
    ) async throws -> Ring {
        do throws(StoreError) {
            let found = try await provisioning.owner(of: endpoint, makesFirst: makesFirst)
            return (found ?? (mode.isRemoval || role != nil ? owner : nil), true)
        } catch {
            guard let owner else {
                output.error(
                    "\(endpoint.name): \(error); run the command where the key store can be reached, or name the key "
                        + "ring's owner ID with --owner\(mode.isRemoval ? "" : " to provision up to the bucket policy")",
                    error.code)
                throw ExitStatus.unavailable
            }
            return (owner, false)
        }
    }
}
