extension AccessRule {
    /// Warnings about valid rules: in lower case, without a final period, with what to do.
    package var warnings: [String] {
        switch scope {
        case .filter(let filter): filter.warnings
        case .group(let group) where ["system:serviceaccounts", "system:authenticated"].contains(group):
            [
                #"the group "\#(group)" allows every ServiceAccount of the cluster; "#
                    + "use a namespace's group, such as system:serviceaccounts:myns"
            ]
        case .group(let group) where group.first?.isWhitespace == true || group.last?.isWhitespace == true:
            [#"the group "\#(group)" begins or ends with white space, as no Kubernetes group does; remove it"#]
        case .group: []
        case .anyServiceAccount:
            [
                "dn o=Tremolo allows every ServiceAccount of the cluster; "
                    + "use scope filter with a constraint such as (namespace=myns)"
            ]
        }
    }
}

extension SearchFilter {
    /// Warnings about valid filters.
    var warnings: [String] {
        var warnings: [String] = []
        root.forEachItem { attribute, assertion in
            let text = "(\(attribute.name)\(assertion.text))"
            if case .approximatelyEqual = assertion {
                warnings.append(#""~=" in \#(text) compares exactly; use "=""#)
            }
            if assertion.hasBlankAtEnd {
                warnings.append(
                    #"the value in \#(text) begins or ends with white space, which is compared as well; remove it"#)
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
