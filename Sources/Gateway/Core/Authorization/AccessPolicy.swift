/// The rules of an endpoint. A request is allowed if any rule matches; without rules every request is denied.
package struct AccessPolicy: Sendable, Equatable {
    /// In the order of the configuration.
    package let rules: [AccessRule]

    package init(rules: [AccessRule]) { self.rules = rules }

    /// Applies the rules.
    package func decide(_ attributes: WorkloadAttributes) -> AccessDecision {
        guard let index = rules.firstIndex(where: { $0.evaluate(attributes) == .true }) else { return .denied }
        return .allowed(ruleIndex: index)
    }
}

/// The decision of a policy.
package enum AccessDecision: Sendable, Equatable {
    /// The index of the first rule that matched.
    case allowed(ruleIndex: Int)
    case denied
}
