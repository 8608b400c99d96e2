package import GatewayPluginAPI
import JOSE
import JSON

/// A provider plugin for the tests of the core and the server, which do not use a real one.
package struct ExampleProvider: ProviderPlugin {
    package static let id: PluginID = PluginID("example")

    package static let defaults = EndpointDefaults(
        audiences: ["https://example.com"],
        recognizedAudiences: ["https://example.com"],
        injector: .init(
            label: "example-role", tokenVariable: "EXAMPLE_TOKEN_FILE", valueVariable: "EXAMPLE_ROLE",
            exclusiveVariables: ["EXAMPLE_WORKLOAD"]),
        algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512])

    package struct Settings: Decodable, Sendable {
        /// Becomes the claim `greeting`; one line of at most 100 bytes.
        package let greeting: String?
    }

    /// The keys of a `publish` block: a store in memory, for documents or for keys.
    package struct PublisherSettings: Decodable, Sendable {
        package let shelf: String
        package let handsOver: Bool?
        /// The endpoint whose token authorizes the hand-over.
        package let tokenEndpoint: String?
    }

    package static func publisher(
        for endpoint: Endpoint, settings: PublisherSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        guard isOneLine(settings.shelf) else {
            throw SettingsErrors([
                SettingsError("publish.shelf", "not one line of 1 to 100 bytes; write a shorter text")
            ])
        }
        if settings.handsOver == true {
            return PublisherPlan(
                location: settings.shelf,
                keys: KeyHandOver(
                    confirmation: .readBack,
                    propagation: KeyPropagation(newKey: 60, oldKey: .after(seconds: 0), evidence: "It is a fake."),
                    usesOwnToken: true, tokenEndpoint: settings.tokenEndpoint,
                    open: { _ in FakeRecipient(location: settings.shelf) }))
        }
        return PublisherPlan(location: settings.shelf) { _ in FakePublisher(location: settings.shelf) }
    }

    package let endpoint: Endpoint
    package let settings: Settings

    package init(endpoint: Endpoint, settings: Settings, context: PluginContext) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        if let greeting = settings.greeting, !Self.isOneLine(greeting) {
            errors.append(SettingsError("settings.greeting", "not one line of 1 to 100 bytes; write a shorter text"))
        }
        try SettingsErrors.check(errors)
        self.endpoint = endpoint
        self.settings = settings
    }

    package func claims(for workload: WorkloadIdentity) -> PrivateClaims {
        var claims = PrivateClaims()
        if let greeting = settings.greeting { claims.set("greeting", .string("\(greeting), \(workload.namespace)")) }
        return claims
    }

    package func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let annotation = try request.requiredAnnotation()
        guard Self.isOneLine(annotation) else {
            throw InjectionError("the annotation is not one line of 1 to 100 bytes; write the name of a role")
        }
        return PodInjection(
            value: annotation,
            environment: [.init("EXAMPLE_WORKLOAD", "\(request.namespace)/\(request.serviceAccountName)")])
    }

    package var injectionRules: InjectionRules? {
        InjectionRules(
            annotation: .init(
                pattern: "[ -~]{1,100}", maximumLength: 100, expected: "one line of 1 to 100 bytes, the name of a role"),
            requiresAnnotation: true, value: .annotation,
            environment: [.init("EXAMPLE_WORKLOAD", .joined([.namespace, .literal("/"), .serviceAccountName]))])
    }

    private static func isOneLine(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }
}
