/// Explains a policy's decision rule by rule, for the operator.
package struct AccessExplanation: Sendable, Equatable {
    package let decision: AccessDecision
    /// The results of all rules, in their order.
    package let rules: [Rule]

    /// A rule with its result.
    package struct Rule: Sendable, Equatable {
        package let rule: AccessRule
        package let result: FilterResult
        /// The rule's filter; nil for a rule of another scope.
        package let filter: Filter?
    }

    /// A filter or a part of one. All parts are evaluated, including those that do not change the result.
    package struct Filter: Sendable, Equatable {
        /// The filter in canonical form.
        package let text: String
        package let result: FilterResult
        /// The filters that it combines or negates; empty for a comparison.
        package let parts: [Filter]
    }
}

extension AccessPolicy {
    /// The decision of ``decide(_:)`` with the results of all filters.
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
