import GatewayCore
import Logging

/// Whom some rules are asked about.
struct AuthzQuestion {
    /// Why nothing can be answered; lines for the operator.
    struct NotUnderstood: Error {
        let lines: [String]

        init(lines: [String]) { self.lines = lines }
        init(_ line: String) { lines = [line] }
    }

    let policy: AccessPolicy
    let attributes: WorkloadAttributes
    /// What is legal in the filter and hardly meant; a configuration's is told by `config check`.
    var warnings: [String] = []
    /// That the filter names what is no attribute; nil where it does not.
    var unknownAttributes: String?

    var explanation: AccessExplanation { policy.explain(attributes) }

    /// About one filter.
    init(constraint: String, given: GivenAttributes) throws(NotUnderstood) {
        let filter: SearchFilter
        do {
            filter = try SearchFilter(parsing: constraint)
        } catch {
            throw NotUnderstood("--constraint: \(error)")
        }
        let rule = AccessRule(filter)
        policy = AccessPolicy(rules: [rule])
        attributes = given.attributes(cluster: nil, endpoint: nil)
        warnings = rule.warnings.map { "--constraint: \($0)" }
        if !filter.unknownAttributes.isEmpty {
            unknownAttributes = "--constraint: \(AccessRuleError.unknownAttributes(filter.unknownAttributes))"
        }
    }

    /// About the rules of a configured endpoint.
    init(
        file: ConfigurationFile, manifest: String?, endpoint name: String, given: GivenAttributes
    ) throws(NotUnderstood) {
        let reading = file.read(manifest: manifest, namespace: CommandEnvironment.namespace, logger: .silent)
        guard let configuration = reading.configuration else {
            throw NotUnderstood(
                lines: reading.problems.filter { $0.severity == .error }.map { $0.text(file: file.path) })
        }
        guard let endpoint = configuration.endpoints.first(where: { $0.name == name }) else {
            let names = configuration.endpoints.map(\.name)
            throw NotUnderstood(
                "--endpoint: \(file.path) has no endpoint \"\(name)\"; "
                    + (names.isEmpty ? "it has none" : "use one of \(names.joined(separator: ", "))"))
        }
        policy = endpoint.policy
        attributes = given.attributes(cluster: configuration.cluster, endpoint: name)
    }
}
