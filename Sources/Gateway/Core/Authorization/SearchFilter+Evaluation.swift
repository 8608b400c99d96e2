extension SearchFilter {
    /// The filter's value for a workload (RFC 4511 §4.5.1.7). A comparison with an absent attribute is false; one with an
    /// unknown attribute, or with a label or an annotation that was not read, is undefined. Of several values one match is
    /// sufficient.
    package func evaluate(_ attributes: WorkloadAttributes) -> FilterResult { root.evaluate(attributes) }
}

extension SearchFilter.Node {
    func evaluate(_ attributes: WorkloadAttributes) -> FilterResult {
        switch self {
        case .and(let parts):
            var result = FilterResult.true
            for part in parts where result != .false { result = result.and(part.evaluate(attributes)) }
            return result
        case .or(let parts):
            var result = FilterResult.false
            for part in parts where result != .true { result = result.or(part.evaluate(attributes)) }
            return result
        case .not(let part): return part.evaluate(attributes).negated
        case .item(.unknown, _): return .undefined
        case .item(.known(let attribute), let assertion):
            return FilterResult(attributes.contains(attribute, where: assertion.matches))
        case .item(.metadata(let attribute), let assertion):
            switch attributes.metadata.lookup(attribute) {
            case .values(let values): return FilterResult(values.contains(where: assertion.matches))
            case .absent: return .false
            case .unknown: return .undefined
            }
        }
    }
}

extension SearchFilter.Assertion {
    func matches(_ value: String) -> Bool {
        switch self {
        case .present: true
        case .equal(let expected), .approximatelyEqual(let expected): expected.equals(value)
        case .atLeast(let bound): bound.isAtMost(value)
        case .atMost(let bound): bound.isAtLeast(value)
        case .substring(let parts): parts.matches(value)
        }
    }
}
