import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import GCPPlugin

@Suite("The GCP plugin")
struct GCPProviderTests {
    private static let block = #"{"projectNumber": "123456789012", "pool": "clusters", "provider": "prod-one"}"#
    private static let resource =
        "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/prod-one"

    private func settings(_ text: String = block) throws -> GCPProvider.Settings {
        try JSONValue(parsing: Array(text.utf8)).decode(GCPProvider.Settings.self)
    }

    private func provider(
        _ members: String = "", audience: String = "https:" + resource
    ) throws -> GCPProvider {
        let endpoint = try #require(Endpoint.example(audiences: [audience]))
        let text = Self.block.dropLast() + members + "}"
        return try GCPProvider(endpoint: endpoint, settings: try settings(String(text)), context: .silent)
    }

    private func keys(_ members: String, audience: String = "https:" + resource) -> [String] {
        do {
            _ = try provider(members, audience: audience)
            return []
        } catch {
            return (error as? SettingsErrors)?.errors.map(\.key) ?? ["\(error)"]
        }
    }

    private func request(_ annotation: String?) -> InjectionRequest {
        InjectionRequest(
            annotation: annotation, namespace: "shop", serviceAccountName: "web",
            tokenFile: "/var/run/secrets/sts/gcp/token")
    }

    @Test("The plugin keeps the rules of the plugin API", arguments: [#", "project": "my-project-1""#, ""])
    func conformance(members: String) {
        let block = String(Self.block.dropLast() + members + "}")
        #expect(
            checkConformance(
                of: GCPProvider.self, annotation: "web@my-project-1.iam.gserviceaccount.com", settings: block) == [])
        #expect(
            checkConformance(
                of: GCPProvider.self, annotation: "web@my-project-1.iam.gserviceaccount.com",
                audience: "my-audience", settings: block) == [])
    }

    @Test("The default audience is the provider's resource name, and an endpoint is recognized by it")
    func audience() throws {
        #expect(GCPProvider.audiences(for: try settings()) == ["https:" + Self.resource])
        #expect(GCPProvider.recognizes(Self.resource) && GCPProvider.recognizes("https:" + Self.resource))
        #expect(!GCPProvider.recognizes("https://iam.example.com"))
        #expect(keys("", audience: Self.resource) == [])
        #expect(keys("", audience: "one-of-the-allowed") == [])
        #expect(keys("", audience: Self.resource.replacing("prod-one", with: "prod-two")) == ["audience"])
    }

    @Test("A Pod gets a credential configuration for direct access, and the project")
    func direct() throws {
        let injection = try provider(#", "project": "my-project-1""#).injection(for: request(nil))
        #expect(injection.environment.map(\.name) == ["GOOGLE_CLOUD_PROJECT"])
        let file = try #require(injection.files.first)
        #expect(file.name == "credentials.json" && file.variable == "GOOGLE_APPLICATION_CREDENTIALS")
        #expect(
            try JSONValue(parsing: Array(file.contents.utf8)) == [
                "type": "external_account", "audience": .string(Self.resource),
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": "https://sts.googleapis.com/v1/token",
                "credential_source": ["file": "/var/run/secrets/sts/gcp/token", "format": ["type": "text"]],
            ])
        #expect(injection.expectedVariables == [])
    }

    @Test("The annotation is the service account to impersonate")
    func impersonated() throws {
        let account = "web@my-project-1.iam.gserviceaccount.com"
        let injection = try provider(#", "impersonationLifetime": 1200"#).injection(for: request(account))
        let json = try JSONValue(parsing: Array(try #require(injection.files.first).contents.utf8))
        #expect(
            json["service_account_impersonation_url"]
                == .string(
                    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/\(account):generateAccessToken"
                ))
        #expect(json["service_account_impersonation"] == ["token_lifetime_seconds": 1200])
        #expect(injection.expectedVariables.map(\.names) == [["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"]])
    }

    @Test("A universe and a region have their own hosts")
    func hosts() throws {
        func tokenURL(_ members: String) throws -> String? {
            let file = try #require(try provider(members).injection(for: request(nil)).files.first)
            return try JSONValue(parsing: Array(file.contents.utf8))["token_url"]?.stringValue
        }
        #expect(try tokenURL(#", "region": "europe-west3""#) == "https://sts.europe-west3.rep.googleapis.com/v1/token")
        #expect(try tokenURL(#", "universe": "apis-berlin.example""#) == "https://sts.apis-berlin.example/v1/token")
    }

    @Test(
        "Invalid settings are reported with their keys",
        arguments: [
            (#", "project": "P""#, ["settings.project"]), (#", "region": "Europe""#, ["settings.region"]),
            (#", "universe": "x""#, ["settings.universe"]),
            (#", "universe": "a.example", "region": "europe-west3""#, ["settings.region"]),
            (#", "impersonationLifetime": 60"#, ["settings.impersonationLifetime"]),
            (#", "endpoints": {"sts": "http://example.com"}"#, ["settings.endpoints.sts"]),
            (#", "endpoints": {"iamCredentials": "https://a/b"}"#, ["settings.endpoints.iamCredentials"]),
        ])
    func invalid(members: String, expected: [String]) { #expect(keys(members) == expected) }

    @Test("The project's id in place of its number, and reserved ids, are errors")
    func ids() throws {
        let settings = try settings(#"{"projectNumber": "my-project", "pool": "gcp-a", "provider": "A"}"#)
        let endpoint = try #require(Endpoint.example())
        let error = #expect(throws: SettingsErrors.self) {
            try GCPProvider(endpoint: endpoint, settings: settings, context: .silent)
        }
        #expect(error?.errors.map(\.key) == ["settings.projectNumber", "settings.pool", "settings.provider"])
    }

    @Test(
        "An annotation that is no service account is rejected",
        arguments: [
            "", "web", "web@example.com", "web@x.iam.gserviceaccount.com\n", "a/b@x.iam.gserviceaccount.com",
            "web@x/y.iam.gserviceaccount.com", "web@X.iam.gserviceaccount.com", "@x.iam.gserviceaccount.com",
            "web@x.iam.gserviceaccount.com:generateIdToken?",
        ])
    func rejected(annotation: String) throws {
        let provider = try provider()
        #expect(throws: InjectionError.self) { try provider.injection(for: request(annotation)) }
    }
}
