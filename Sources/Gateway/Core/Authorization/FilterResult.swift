/// The value of a filter for one workload, in three-valued logic (RFC 4511 §4.5.1.7, which follows X.511 (1993)
/// §7.8.1). Only `true` allows a request.
package enum FilterResult: String, Sendable, Equatable, CaseIterable {
    case `true`, `false`
    /// The filter compares an unknown attribute.
    case undefined

    init(_ value: Bool) { self = value ? .true : .false }

    /// `false` where either is, `true` where both are.
    func and(_ other: FilterResult) -> FilterResult {
        if self == .false || other == .false { return .false }
        return self == .true && other == .true ? .true : .undefined
    }

    /// `true` where either is, `false` where both are.
    func or(_ other: FilterResult) -> FilterResult {
        if self == .true || other == .true { return .true }
        return self == .false && other == .false ? .false : .undefined
    }

    /// The negation. Undefined stays undefined, so that an unknown attribute allows no request, negated or not.
    var negated: FilterResult {
        switch self {
        case .true: .false
        case .false: .true
        case .undefined: .undefined
        }
    }
}
