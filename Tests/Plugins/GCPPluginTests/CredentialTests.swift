import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import GCPPlugin

@Suite("Credentials of the publisher")
struct CredentialTests {
    private func stored(
        _ source: String, _ transport: ScriptedTransport, files: [String: String] = [:],
        environment: [String: String] = [:]
    ) async throws -> StoredDocument? {
        let endpoint = try #require(Endpoint.example())
        let settings = try JSONValue(
            parsing: Array(#"{"bucket": "documents", "credentials": ["\#(source)"]}"#.utf8)
        ).decode(GCPProvider.PublisherSettings.self)
        let plan = try #require(try GCPProvider.publisher(for: endpoint, settings: settings))
        let context = PublisherContext.example(
            transport: transport, files: FilesInMemory(files), environment: environment)
        return try await plan.open(context)?.stored(.keys)
    }

    @Test("The metadata server is asked without a proxy, and only its own answer is used")
    func metadata() async throws {
        let token = #"{"access_token": "machine", "expires_in": 3599, "token_type": "Bearer"}"#
        let transport = ScriptedTransport(.answer(200, token, ["Metadata-Flavor": "Google"]), .answer(404, "{}"))
        #expect(try await stored("metadata", transport) == nil)
        let sent = transport.requests[0]
        #expect(
            sent.url == "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token")
        #expect(sent.headers("Metadata-Flavor") == ["Google"] && !sent.usesProxy)
        #expect(transport.requests[1].headers("Authorization") == ["Bearer machine"])
        let other = await #expect(throws: PublishError.self) {
            try await stored("metadata", ScriptedTransport(.answer(200, token)))
        }
        #expect(other?.message.contains("not the metadata server") == true)
    }

    private static func configuration(_ more: String = "", source: String = #"{"file": "token"}"#) -> String {
        #"{"type": "external_account", "audience": "//iam.googleapis.com/x", "subject_token_type": "t","#
            + #""token_url": "https://sts.googleapis.com/v1/token", "credential_source": \#(source)\#(more)}"#
    }

    @Test("A credential configuration with a token file is exchanged, and impersonates where it says so")
    func externalAccount() async throws {
        let impersonation =
            #", "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/a:generateAccessToken""#
        let transport = ScriptedTransport(
            .answer(200, #"{"access_token": "federated", "expires_in": 3600}"#),
            .answer(200, #"{"accessToken": "impersonated", "expireTime": "2099-01-01T00:00:00Z"}"#), .answer(404, "{}"))
        let files = ["adc.json": Self.configuration(impersonation), "token": "header.claims.signature\n"]
        #expect(
            try await stored(
                "externalAccount", transport, files: files, environment: ["GOOGLE_APPLICATION_CREDENTIALS": "adc.json"])
                == nil)
        #expect(transport.requests[0].text.hasSuffix("subject_token_type=t&subject_token=header.claims.signature"))
        #expect(transport.requests[1].headers("Authorization") == ["Bearer federated"])
        #expect(transport.requests[2].headers("Authorization") == ["Bearer impersonated"])
    }

    @Test(
        "Other credential configurations are rejected with the reason",
        arguments: [
            (#"{"type": "service_account"}"#, "not of the type external_account"),
            (configuration(source: #"{"executable": {"command": "x"}}"#), "only credential_source.file"),
            (configuration(source: #"{"url": "https://a"}"#), "only credential_source.file"),
            (configuration(source: #"{"file": "missing"}"#), "token file"),
            (configuration(#", "service_account_impersonation_url": "http://a""#), "invalid URL"),
        ])
    func rejected(configuration: String, expected: String) async throws {
        let error = await #expect(throws: PublishError.self) {
            try await stored(
                "externalAccount", ScriptedTransport(), files: ["adc.json": configuration, "token": "t"],
                environment: ["GOOGLE_APPLICATION_CREDENTIALS": "adc.json"])
        }
        #expect(error?.message.contains(expected) == true)
    }

    @Test("Credentials that are not set up are an error that names the sources")
    func none() async {
        let error = await #expect(throws: PublishError.self) {
            try await stored("externalAccount", ScriptedTransport())
        }
        #expect(error?.message.contains("(externalAccount)") == true)
    }

    private struct Programs: ProgramRunning {
        let output: Result<String, ProgramError>
        func run(_ words: [String], timeout: Int, maximumBytes: Int) async throws(ProgramError) -> [UInt8] {
            Array((words.joined(separator: " ") + "|" + (try output.get())).utf8)
        }
    }

    @Test("An administrator's token comes from a variable, else from gcloud; a profile is a gcloud configuration")
    func administrator() async throws {
        func token(_ profile: String?, _ environment: [String: String]) async throws -> String? {
            try await AdministratorCredentials(
                administration: Administration(profile: profile, programs: Programs(output: .success("t\n"))),
                environment: { environment[$0] }
            ).token()?.value
        }
        #expect(try await token(nil, ["GOOGLE_OAUTH_ACCESS_TOKEN": "given"]) == "given")
        #expect(try await token(nil, [:]) == "gcloudauthprint-access-token--quiet|t")
        #expect(
            try await token("prod", ["CLOUDSDK_AUTH_ACCESS_TOKEN": "given"])
                == "gcloudauthprint-access-token--quiet--configuration=prod|t")
        let error = await #expect(throws: PublishError.self) {
            try await AdministratorCredentials(
                administration: Administration(programs: Programs(output: .failure(.failed(1)))),
                environment: { _ in nil }
            ).token()
        }
        #expect(error?.kind == .denied && error?.message.contains("gcloud auth login") == true)
    }
}
