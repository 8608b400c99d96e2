public import GatewayPluginAPI

extension VaultProvider {
    /// What `injection(for:)` returns.
    public var injectionRules: InjectionRules? {
        var environment = [InjectionRules.Variable("VAULT_JWT_MOUNT", .literal(mount))]
        if let address { environment.append(.init("VAULT_ADDR", .literal(address), unlessSet: ["BAO_ADDR"])) }
        if let namespace {
            environment.append(.init("VAULT_NAMESPACE", .literal(namespace), unlessSet: ["BAO_NAMESPACE"]))
        }
        return InjectionRules(
            annotation: .init(
                pattern: "[A-Za-z0-9_]([A-Za-z0-9_.-]{0,126}[A-Za-z0-9_])?", maximumLength: 128,
                expected: "a role of 1 to 128 letters, digits, \"_\", \"-\" and \".\""),
            requiresAnnotation: true, value: .annotation, environment: environment, files: agentFiles)
    }
}
