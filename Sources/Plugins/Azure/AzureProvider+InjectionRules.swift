public import GatewayPluginAPI

extension AzureProvider {
    /// What `injection(for:)` returns.
    public var injectionRules: InjectionRules? {
        func form(_ what: String) -> InjectionRules.Form {
            .init(
                pattern: "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", maximumLength: 36,
                expected: "\(what), a UUID")
        }
        let annotated = InjectionRules.Text.lowercased(.annotation)
        return InjectionRules(
            annotation: form("the application (client) id"), requiresAnnotation: client == nil,
            options: ["tenant": form("the tenant's id")],
            value: client.map { .ifAnnotated(annotated, otherwise: .literal($0.rawValue)) } ?? annotated,
            environment: [
                .init(
                    "AZURE_TENANT_ID",
                    .ifOption("tenant", .lowercased(.option("tenant")), otherwise: .literal(tenant.rawValue))),
                .init("AZURE_AUTHORITY_HOST", .literal(authority)),
            ])
    }
}
