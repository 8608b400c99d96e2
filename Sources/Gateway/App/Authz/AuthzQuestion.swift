import GatewayCore
import Logging

/// The rules and the workload of `authz explain`.
struct AuthzQuestion {
    /// Invalid input, with lines for the operator.
    struct InputError: Error {
        let lines: [String]

        init(lines: [String]) { self.lines = lines }
        init(_ line: String) { lines = [line] }
    }

    let policy: AccessPolicy
    let attributes: WorkloadAttributes
    /// Warnings about the filter of `--constraint`; `config check` prints those of a configuration.
    var warnings: [String] = []
    /// The problem that the filter has unknown attributes; nil where it has none.
    var unknownAttributes: String?

    var explanation: AccessExplanation { policy.explain(attributes) }

    /// A question about one filter.
    init(constraint: String, given: GivenAttributes) throws(InputError) {
        let filter: SearchFilter
        do {
            filter = try SearchFilter(parsing: constraint)
        } catch {
            throw InputError("--constraint: \(error)")
        }
        let rule = AccessRule(filter)
        policy = AccessPolicy(rules: [rule])
        attributes = given.attributes(cluster: nil, endpoint: nil)
        warnings = rule.warnings.map { "--constraint: \($0)" }
        if !filter.unknownAttributes.isEmpty {
            unknownAttributes = "--constraint: \(AccessRuleError.unknownAttributes(filter.unknownAttributes))"
        }
    }

    /// A question about the rules of a configured endpoint.
    init(
        file: ConfigurationFile, manifest: String?, endpoint name: String, given: GivenAttributes
    ) throws(InputError) {
        let reading = file.read(manifest: manifest, namespace: CommandEnvironment.namespace, logger: .silent)
        guard let configuration = reading.configuration else {
            throw InputError(
                lines: reading.problems.filter { $0.severity == .error }.map { $0.text(file: file.path) })
        }
        guard let endpoint = configuration.endpoints.first(where: { $0.name == name }) else {
            let names = configuration.endpoints.map(\.name)
            throw InputError(
                "--endpoint: no endpoint \"\(name)\" in \(file.path); "
                    + (names.isEmpty ? "sts.endpoints is empty" : "use one of \(names.joined(separator: ", "))"))
        }
        policy = endpoint.policy
        attributes = given.attributes(cluster: configuration.cluster, endpoint: name)
    }
}
