/// Why one of an endpoint's `azRules` is refused; for the operator.
package enum AccessRuleError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownScope(String)
    case unknownDistinguishedName(String)
    case emptyGroup
    case malformedFilter(SearchFilterError)
    /// Names in a filter that are no attribute's; one or more.
    case unknownAttributes([String])

    package var description: String {
        switch self {
        case .unknownScope(let scope):
            #"scope "\#(scope)" is unknown; use filter, group, or dn with the constraint o=Tremolo"#
        case .unknownDistinguishedName(let name):
            #"dn "\#(name)" is unknown; the only one is o=Tremolo, which lets every ServiceAccount in: "#
                + "use scope filter or group instead"
        case .emptyGroup: "the group is empty; name one such as system:serviceaccounts:myns"
        case .malformedFilter(let error): error.description
        case .unknownAttributes(let names):
            """
            no attribute is named \(names.map { "\"\($0)\"" }.joined(separator: ", ")); \
            use one of \((WorkloadAttributes.names + MetadataAttribute.forms).joined(separator: ", "))
            """
        }
    }
}
