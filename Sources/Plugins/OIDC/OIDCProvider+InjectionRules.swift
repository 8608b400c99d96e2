public import GatewayPluginAPI

extension OIDCProvider {
    /// What `injection(for:)` returns. Unassigned characters are not rejected, since RE2 has no class of them.
    public var injectionRules: InjectionRules? {
        InjectionRules(
            annotation: .init(
                pattern: "[^\\pC\\p{Zl}\\p{Zp}]+", maximumLength: Self.maximumLength,
                expected: "one line of 1 to \(Self.maximumLength) bytes without invisible characters"),
            requiresAnnotation: false, value: .annotation)
    }
}
