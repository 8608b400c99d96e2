// Labels and annotations that tenants can set on their ServiceAccounts to match a rule for other namespaces.

extension SearchFilter {
    /// A warning for each label or annotation of a ServiceAccount that is not combined by "and" with an equality on
    /// namespace.
    var tenantWritableWarnings: [String] {
        var warnings: [String] = []
        root.forEachUnboundItem { attribute, assertion in
            let text = "(\(attribute.name)\(assertion.text))"
            let warning =
                "\(text) can be set by everyone who may edit ServiceAccounts, in any namespace; "
                + "combine it with a namespace, as in (&(namespace=myns)\(text))"
            if !warnings.contains(warning) { warnings.append(warning) }
        }
        return warnings
    }
}

extension SearchFilter.Node {
    /// Calls `body` for each comparison with a tenant-writable attribute that no enclosing "and" restricts to namespaces.
    ///
    /// - Parameter mayBind: false within a negation, where an "and" does not restrict.
    fileprivate func forEachUnboundItem(
        mayBind: Bool = true, _ body: (MetadataAttribute, SearchFilter.Assertion) -> Void
    ) {
        switch self {
        case .and(let parts):
            if mayBind, bindsNamespace { return }
            for part in parts { part.forEachUnboundItem(mayBind: mayBind, body) }
        case .or(let parts): for part in parts { part.forEachUnboundItem(mayBind: mayBind, body) }
        case .not(let part): part.forEachUnboundItem(mayBind: false, body)
        case .item(.metadata(let attribute), let assertion) where attribute.kind.isTenantWritable:
            body(attribute, assertion)
        case .item: break
        }
    }

    /// Whether the filter is true only for workloads of namespaces that it contains.
    private var bindsNamespace: Bool {
        switch self {
        case .and(let parts): parts.contains(where: \.bindsNamespace)
        case .or(let parts): parts.allSatisfy(\.bindsNamespace)
        case .item(.known(.namespace), .equal), .item(.known(.namespace), .approximatelyEqual): true
        case .not, .item: false
        }
    }
}
