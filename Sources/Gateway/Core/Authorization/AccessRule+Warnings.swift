extension AccessRule {
    /// What is legal and still worth a word: lower case, no final period, each says what would be better.
    package var warnings: [String] {
        switch scope {
        case .filter(let filter): filter.warnings
        case .group(let group) where ["system:serviceaccounts", "system:authenticated"].contains(group):
            [
                #"the group "\#(group)" lets every ServiceAccount of the cluster in; "#
                    + "name a namespace's, such as system:serviceaccounts:myns"
            ]
        case .group(let group) where group.first?.isWhitespace == true || group.last?.isWhitespace == true:
            [#"the group "\#(group)" has a blank at an end, as no group of Kubernetes has; leave it out"#]
        case .group: []
        case .anyServiceAccount:
            [
                "dn o=Tremolo lets every ServiceAccount of the cluster in; "
                    + "use scope filter with a constraint such as (namespace=myns)"
            ]
        }
    }
}

extension SearchFilter {
    /// What is legal in a filter and hardly meant.
    var warnings: [String] {
        var warnings: [String] = []
        root.forEachItem { attribute, assertion in
            let text = "(\(attribute.name)\(assertion.text))"
            if case .approximatelyEqual = assertion {
                warnings.append(#""~=" in \#(text) compares exactly; write "=""#)
            }
            if assertion.hasBlankAtEnd {
                warnings.append(
                    #"the value in \#(text) has a blank at an end, which is compared too; "#
                        + #"write nothing between "=", value and ")""#)
            }
        }
        return warnings + tenantWritableWarnings
    }
}

extension SearchFilter.Assertion {
    fileprivate var hasBlankAtEnd: Bool {
        func isBlank(_ byte: UInt8?) -> Bool { byte.map { [0x20, 0x09, 0x0a, 0x0d].contains($0) } ?? false }
        return switch self {
        case .present: false
        case .equal(let value), .approximatelyEqual(let value), .atLeast(let value), .atMost(let value):
            isBlank(value.bytes.first) || isBlank(value.bytes.last)
        case .substring(let parts): isBlank(parts.initial?.bytes.first) || isBlank(parts.final?.bytes.last)
        }
    }
}
