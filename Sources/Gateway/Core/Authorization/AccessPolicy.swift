/// Who may have an endpoint's tokens: whoever any of its rules is true for. Without a rule, nobody.
package struct AccessPolicy: Sendable, Equatable {
    /// In the order of the configuration.
    package let rules: [AccessRule]

    package init(rules: [AccessRule]) { self.rules = rules }

    package func decide(_ attributes: WorkloadAttributes) -> AccessDecision {
        guard let index = rules.firstIndex(where: { $0.evaluate(attributes) == .true }) else { return .denied }
        return .allowed(ruleIndex: index)
    }
}

package enum AccessDecision: Sendable, Equatable {
    /// By the first rule that is true.
    case allowed(ruleIndex: Int)
    case denied
}
