import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("The STS client")
struct STSClientTests {
    private func client(_ transport: ScriptedTransport, endpoint: String = "https://sts.eu-central-1.amazonaws.com")
        throws
        -> STSClient
    {
        STSClient(
            endpoint: try #require(ServiceEndpoint(endpoint)), transport: transport,
            authorities: { () throws(PublishError) in "PEM" })
    }

    private let role = "arn:aws:iam::111111111111:role/publisher"

    @Test("sends the token in the body only, without a signature")
    func request() async throws {
        let transport = ScriptedTransport(.answer(200, SessionResponse.text()))
        let answer = try await client(transport).assume(
            try RoleARN(role), sessionName: "sts-gateway.test.one", token: "header.claims+/=.signature",
            seconds: 3_600)
        guard case .session(let key) = answer else {
            Issue.record("no session")
            return
        }
        #expect(key == SessionResponse.key)
        let request = transport.requests[0]
        #expect(transport.calls == ["POST https://sts.eu-central-1.amazonaws.com/"])
        #expect(
            request.text == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                + "&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fpublisher&RoleSessionName=sts-gateway.test.one"
                + "&DurationSeconds=3600&WebIdentityToken=header.claims%2B%2F%3D.signature")
        #expect(request.headers("content-type") == ["application/x-www-form-urlencoded"])
        #expect(request.headers("authorization").isEmpty)
        #expect(request.certificateAuthorities == "PEM")
        #expect(!request.url.contains("header.") && !request.headers.contains { $0.value.contains("header.") })
    }

    @Test("returns an error response with its code")
    func rejected() async throws {
        let transport = ScriptedTransport(.answer(400, ErrorDocument.sts("InvalidIdentityToken", "No provider.")))
        let answer = try await client(transport).assume(try RoleARN(role), sessionName: "s", token: "t", seconds: 900)
        guard case .rejected(let error) = answer else {
            Issue.record("no error response")
            return
        }
        #expect(error.code == "InvalidIdentityToken")
    }

    @Test(
        "rejects a success that is not STS'",
        arguments: [
            "", ErrorDocument.page, "<html/>", "<AssumeRoleWithWebIdentityResponse/>",
            SessionResponse.text(id: ""), SessionResponse.text(secret: ""), SessionResponse.text(token: ""),
            SessionResponse.text(expiration: ""), SessionResponse.text(expiration: "tomorrow"),
            String(SessionResponse.text().dropLast(20)),
        ])
    func malformed(body: String) async throws {
        let client = try client(ScriptedTransport(.answer(200, body)))
        let role = try RoleARN(role)
        let error = await #expect(throws: PublishError.self) {
            try await client.assume(role, sessionName: "s", token: "token-of-mine", seconds: 900)
        }
        #expect(error?.kind == .malformed)
        #expect(error?.isWellFormed == true, "\(String(describing: error))")
        for secret in ["token-of-mine", SessionResponse.key.secret, SessionResponse.key.sessionToken ?? ""] {
            #expect(error?.message.contains(secret) == false)
        }
    }

    @Test("throws the transport's error without the token")
    func silence() async throws {
        let client = try client(ScriptedTransport(.failure(.failed("connection refused"))))
        let role = try RoleARN(role)
        let error = await #expect(throws: PublishError.self) {
            try await client.assume(role, sessionName: "s", token: "token-of-mine", seconds: 900)
        }
        #expect(error?.kind == .unavailable)
        #expect(error?.message.contains("token-of-mine") == false)
    }
}
