import GatewayPluginAPI
import Testing

@testable import AWSPlugin

@Suite("Credentials of the environment")
struct EnvironmentCredentialsTests {
    private func credentials(_ variables: [String: String]) async throws(PublishError) -> AccessKey? {
        try await EnvironmentCredentials(environment: { variables[$0] }).credentials()
    }

    @Test("are the key, the secret and a token that may be empty")
    func reads() async throws {
        var variables = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"]
        let temporary = try await credentials(variables)
        #expect(temporary == AccessKey(id: "AKID", secret: "secret", sessionToken: "token"))
        variables["AWS_SESSION_TOKEN"] = ""
        let lasting = try await credentials(variables)
        #expect(lasting == AccessKey(id: "AKID", secret: "secret"))
    }

    @Test(
        "are not set up without a key id",
        arguments: [[:], ["AWS_ACCESS_KEY_ID": ""], ["AWS_SECRET_ACCESS_KEY": "s"]])
    func none(variables: [String: String]) async throws {
        #expect(try await credentials(variables) == nil)
    }

    @Test("fail with only a key id")
    func half() async {
        let error = await #expect(throws: PublishError.self) { try await credentials(["AWS_ACCESS_KEY_ID": "AKID"]) }
        #expect(error?.kind == .misconfigured)
        #expect(error?.message.contains("set both") == true)
    }
}
