/// Who may have an endpoint's tokens: whoever any of its rules is true for. Without a rule, nobody.
public struct AccessPolicy: Sendable, Equatable {
    /// In the order of the configuration.
    public let rules: [AccessRule]

    public init(rules: [AccessRule]) { self.rules = rules }

    public func decide(_ attributes: WorkloadAttributes) -> AccessDecision {
        guard let index = rules.firstIndex(where: { $0.evaluate(attributes) == .true }) else { return .denied }
        return .allowed(ruleIndex: index)
    }
}

public enum AccessDecision: Sendable, Equatable {
    /// By the first rule that is true.
    case allowed(ruleIndex: Int)
    case denied
}
