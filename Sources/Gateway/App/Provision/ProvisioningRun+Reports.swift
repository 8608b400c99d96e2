import ArgumentParser
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON

/// What a run prints that changes nothing.
extension ProvisioningRun {
    /// Prints the resources in a language.
    func write(
        _ template: ProvisioningTemplate, of endpoint: EndpointConfiguration, _ plan: ProvisioningPlan, owner: String?
    ) async throws {
        guard let make = plan.template else {
            throw ValidationError("--output: the plugin \(plugin.id) has no \(template.rawValue)")
        }
        guard owner != nil else {
            output.error(
                "\(endpoint.name): there is no key ring yet, whose owner ID the names contain; add --yes to create it",
                .usage)
            throw ExitStatus.usage
        }
        do throws(ProvisioningError) {
            Terminal.write(try await make(template), to: 1)
        } catch {
            output.error("\(endpoint.name): \(error)", error.code)
            throw ExitStatus.unavailable
        }
    }

    /// Prints who could assume the roles.
    ///
    /// - Returns: whether no role is wider than intended.
    func check(_ endpoint: EndpointConfiguration, _ plan: ProvisioningPlan) async throws -> Bool {
        guard let check = plan.check else { throw ValidationError("the plugin \(plugin.id) cannot check roles") }
        let checks: [ProvisioningCheck]
        do throws(ProvisioningError) {
            checks = try await check()
        } catch {
            output.error("\(endpoint.name): \(error)", error.code)
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
}
