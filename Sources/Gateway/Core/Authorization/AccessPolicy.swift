/// The rules of an endpoint. A request is allowed if any rule matches that is not in audit mode; without such rules
/// every request is denied.
package struct AccessPolicy: Sendable, Equatable {
    /// In the order of the configuration.
    package let rules: [AccessRule]

    package init(rules: [AccessRule]) { self.rules = rules }

    /// Applies the rules.
    package func decide(_ attributes: WorkloadAttributes) -> AccessDecision {
        decide(attributes, by: .enforce)
    }

    /// The decision of the rules with `mode: audit`, as if they were the only ones; nil where there are none.
    package func auditDecision(_ attributes: WorkloadAttributes) -> AccessDecision? {
        rules.contains { $0.mode == .audit } ? decide(attributes, by: .audit) : nil
    }

    private func decide(_ attributes: WorkloadAttributes, by mode: AccessRule.Mode) -> AccessDecision {
        let index = rules.firstIndex { $0.mode == mode && $0.evaluate(attributes) == .true }
        return index.map(AccessDecision.allowed) ?? .denied
    }
}

/// The decision of a policy.
package enum AccessDecision: Sendable, Equatable {
    /// The index of the first rule that matched.
    case allowed(ruleIndex: Int)
    case denied
}
