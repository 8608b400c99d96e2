// Labels and annotations that a tenant can give its own ServiceAccounts, and so pass a rule of somebody else's.

extension SearchFilter {
    /// One for each label or annotation of a ServiceAccount that is not joined by "and" with an equality on namespace.
    var tenantWritableWarnings: [String] {
        var warnings: [String] = []
        root.forEachUnboundItem { attribute, assertion in
            let text = "(\(attribute.name)\(assertion.text))"
            let warning =
                "\(text) is up to whoever may edit ServiceAccounts, in any namespace; "
                + "join it with one, as in (&(namespace=myns)\(text))"
            if !warnings.contains(warning) { warnings.append(warning) }
        }
        return warnings
    }
}

extension SearchFilter.Node {
    /// Calls `body` for each comparison with what a tenant can write, where no "and" around it binds the namespace.
    ///
    /// - Parameter mayBind: false within a negation, where an "and" lets in whoever one of its parts is false for.
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

    /// Whether it is true only for workloads of namespaces that it names.
    private var bindsNamespace: Bool {
        switch self {
        case .and(let parts): parts.contains(where: \.bindsNamespace)
        case .or(let parts): parts.allSatisfy(\.bindsNamespace)
        case .item(.known(.namespace), .equal), .item(.known(.namespace), .approximatelyEqual): true
        case .not, .item: false
        }
    }
}
