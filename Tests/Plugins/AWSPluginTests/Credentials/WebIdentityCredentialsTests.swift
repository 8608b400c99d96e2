import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("Credentials of a token in a file")
struct WebIdentityCredentialsTests {
    private static let variables = [
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/demo",
    ]

    private func credentials(
        _ transport: ScriptedTransport, _ variables: [String: String] = Self.variables,
        files: FilesInMemory = FilesInMemory(["/token": " header.claims.signature\n"])
    ) async throws(PublishError) -> AccessKey? {
        try await WebIdentityCredentials(
            environment: { variables[$0] }, files: files,
            sts: STSClient(
                endpoint: ServiceEndpoint(host: "sts.amazonaws.com"), transport: transport,
                authorities: { () throws(PublishError) in nil }), sessionName: "sts-gateway.test.one"
        ).credentials()
    }

    @Test("are a session of the role, with the current token of the file")
    func session() async throws {
        let answer = ScriptedTransport.Answer.answer(200, SessionResponse.text())
        let transport = ScriptedTransport(answer, answer)
        let files = FilesInMemory(["/token": " header.claims.signature\n"])
        #expect(try await credentials(transport, files: files) == SessionResponse.key)
        files["/token"] = Array("second".utf8)
        _ = try await credentials(transport, files: files)
        #expect(transport.requests[0].text.hasSuffix("&WebIdentityToken=header.claims.signature"))
        #expect(transport.requests[0].text.contains("&RoleSessionName=sts-gateway.test.one&"))
        #expect(transport.requests[1].text.hasSuffix("&WebIdentityToken=second"))
    }

    @Test(
        "have the session name of AWS_ROLE_SESSION_NAME where STS accepts it",
        arguments: [
            ("mine@example.com", "mine%40example.com"), ("", "sts-gateway.test.one"), ("a b", "sts-gateway.test.one"),
        ])
    func sessionName(given: String, sent: String) async throws {
        let transport = ScriptedTransport(.answer(200, SessionResponse.text()))
        _ = try await credentials(transport, Self.variables.merging(["AWS_ROLE_SESSION_NAME": given]) { $1 })
        #expect(transport.requests[0].text.contains("&RoleSessionName=\(sent)&"))
    }

    @Test("are not set up without the file's variable")
    func none() async throws {
        let transport = ScriptedTransport()
        #expect(try await credentials(transport, ["AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/demo"]) == nil)
        #expect(try await credentials(transport, ["AWS_WEB_IDENTITY_TOKEN_FILE": ""]) == nil)
        #expect(transport.requests.isEmpty)
    }

    @Test(
        "fail where they are incomplete",
        arguments: [
            (["AWS_WEB_IDENTITY_TOKEN_FILE": "/token"], "AWS_ROLE_ARN is not"),
            (
                ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "demo"],
                "AWS_ROLE_ARN: invalid role ARN \"demo\""
            ),
            (
                ["AWS_WEB_IDENTITY_TOKEN_FILE": "/none", "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/demo"],
                "missing file \"/none\""
            ),
        ])
    func half(variables: [String: String], text: String) async {
        let transport = ScriptedTransport()
        let error = await #expect(throws: PublishError.self) { try await credentials(transport, variables) }
        #expect(error?.kind == .misconfigured)
        #expect(error?.message.contains(text) == true, "\(String(describing: error))")
        #expect(transport.requests.isEmpty)
    }

    @Test("are rejected with a hint at the trust policy")
    func rejected() async {
        let transport = ScriptedTransport(.answer(403, ErrorDocument.sts("AccessDenied")))
        let error = await #expect(throws: PublishError.self) { try await credentials(transport) }
        #expect(error?.kind == .denied)
        #expect(error?.message.contains("trust policy") == true)
        #expect(error?.message.contains("header.claims") == false)
    }

    @Test("are an error where the file is not UTF-8, and nothing is sent")
    func notUTF8() async throws {
        let transport = ScriptedTransport()
        let files = FilesInMemory()
        files["/token"] = Array("header.claims.".utf8) + [0xFF]
        let error = await #expect(throws: PublishError.self) { try await credentials(transport, files: files) }
        #expect(error?.kind == .misconfigured && error?.message.contains("not UTF-8") == true)
        #expect(transport.requests.isEmpty)
    }
}
