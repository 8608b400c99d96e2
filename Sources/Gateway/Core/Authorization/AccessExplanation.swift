/// How a policy comes to its decision, rule by rule; for the operator who asks why.
package struct AccessExplanation: Sendable, Equatable {
    package let decision: AccessDecision
    /// One for each rule, in their order.
    package let rules: [Rule]

    package struct Rule: Sendable, Equatable {
        package let rule: AccessRule
        package let result: FilterResult
        /// The rule's filter; nil for a rule of another scope.
        package let filter: Filter?
    }

    /// A filter, or one that stands within it. All of them are evaluated, those too that no longer matter.
    package struct Filter: Sendable, Equatable {
        /// In canonical form.
        package let text: String
        package let result: FilterResult
        /// The filters that it joins or negates; empty for a comparison.
        package let parts: [Filter]
    }
}

extension AccessPolicy {
    /// The decision that ``decide(_:)`` takes, with everything it rests on.
    package func explain(_ attributes: WorkloadAttributes) -> AccessExplanation {
        AccessExplanation(
            decision: decide(attributes),
            rules: rules.map { rule in
                var filter: AccessExplanation.Filter?
                if case .filter(let searchFilter) = rule.scope { filter = searchFilter.root.explain(attributes) }
                return AccessExplanation.Rule(rule: rule, result: rule.evaluate(attributes), filter: filter)
            })
    }
}

extension SearchFilter.Node {
    fileprivate func explain(_ attributes: WorkloadAttributes) -> AccessExplanation.Filter {
        let parts: [SearchFilter.Node] =
            switch self {
            case .and(let parts), .or(let parts): parts
            case .not(let part): [part]
            case .item: []
            }
        return AccessExplanation.Filter(
            text: text, result: evaluate(attributes), parts: parts.map { $0.explain(attributes) })
    }
}
