/// Why one of an endpoint's `azRules` is not valid; for the operator.
package enum AccessRuleError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownScope(String)
    case unknownDistinguishedName(String)
    case emptyGroup
    case malformedFilter(SearchFilterError)
    /// One or more unknown attributes in a filter.
    case unknownAttributes([String])

    package var description: String {
        switch self {
        case .unknownScope(let scope):
            #"unknown scope "\#(scope)"; expected filter, group, or dn with the constraint o=Tremolo"#
        case .unknownDistinguishedName(let name):
            #"unknown dn "\#(name)"; expected o=Tremolo, which allows every ServiceAccount, "#
                + "or scope filter or group instead"
        case .emptyGroup: "empty group; expected one such as system:serviceaccounts:myns"
        case .malformedFilter(let error): error.description
        case .unknownAttributes(let names):
            """
            unknown attribute \(names.map { "\"\($0)\"" }.joined(separator: ", ")); \
            expected one of \((WorkloadAttributes.names + MetadataAttribute.forms).joined(separator: ", "))
            """
        }
    }
}
