import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("Credentials of a self-issued web identity")
struct SelfIssuedCredentialsTests {
    private func credentials(
        _ transport: ScriptedTransport, token: Result<String, PublishError> = .success("header.claims.signature"),
        isOwnKeyPublic: Bool? = true
    ) async throws(PublishError) -> AccessKey? {
        let role: RoleARN
        do {
            role = try RoleARN("arn:aws:iam::111111111111:role/publisher")
        } catch {
            throw PublishError(.misconfigured, "\(error)")
        }
        return try await SelfIssuedCredentials(
            role: role, endpoint: "one", sessionName: "sts-gateway.test.one",
            sts: STSClient(
                endpoint: ServiceEndpoint(host: "sts.amazonaws.com"), transport: transport,
                authorities: { () throws(PublishError) in nil }),
            ownToken: { () throws(PublishError) in try token.get() }, isOwnKeyPublic: { isOwnKeyPublic }
        ).credentials()
    }

    @Test("are a session of the publisher role")
    func session() async throws {
        let transport = ScriptedTransport(.answer(200, SessionResponse.text()))
        #expect(try await credentials(transport) == SessionResponse.key)
        #expect(transport.requests[0].text.hasSuffix("&WebIdentityToken=header.claims.signature"))
    }

    @Test("are not requested without a token")
    func noToken() async {
        let transport = ScriptedTransport()
        let failure = PublishError(.unavailable, "no key signs yet")
        await #expect(throws: failure) { try await credentials(transport, token: .failure(failure)) }
        #expect(transport.requests.isEmpty)
    }

    @Test(
        "are rejected with the command for the first publication while the gateway's key is not public",
        arguments: [
            "InvalidIdentityToken", "AccessDenied", "IDPCommunicationError", "IDPRejectedClaim", "SomethingNew",
        ])
    func first(code: String) async {
        let transport = ScriptedTransport(.answer(400, ErrorDocument.sts(code, "It is so.")))
        let error = await #expect(throws: PublishError.self) { try await credentials(transport, isOwnKeyPublic: false) }
        #expect(error?.kind == .denied)
        #expect(error?.message.contains("provision aws --endpoint one --only documents") == true)
        #expect(error?.message.contains("\(code): \"It is so.\"") == true)
        #expect(error?.message.contains("header.claims") == false)
        #expect(error?.isWellFormed == true)
    }

    @Test("are rejected with what AWS needs where the key is public, or that is unknown", arguments: [true, nil])
    func known(isOwnKeyPublic: Bool?) async {
        let denied = ScriptedTransport(.answer(403, ErrorDocument.sts("AccessDenied")))
        let trust = await #expect(throws: PublishError.self) {
            try await credentials(denied, isOwnKeyPublic: isOwnKeyPublic)
        }
        #expect(trust?.message.contains(":sub") == true)
        let unknown = ScriptedTransport(.answer(400, ErrorDocument.sts("InvalidIdentityToken")))
        let provider = await #expect(throws: PublishError.self) {
            try await credentials(unknown, isOwnKeyPublic: isOwnKeyPublic)
        }
        #expect(provider?.message.contains("OIDC provider") == true)
        #expect(provider?.message.contains("provision") == false)
    }

    @Test(
        "are rejected with STS' own reason where it throttles, or a proxy responds",
        arguments: [
            (503, ErrorDocument.sts("ServiceUnavailable"), PublishError.Kind.unavailable),
            (400, ErrorDocument.sts("Throttling"), .throttled), (429, "", .throttled), (500, "", .unavailable),
            (403, ErrorDocument.page, .malformed), (403, ErrorDocument.sts("RegionDisabledException"), .misconfigured),
        ])
    func busy(status: Int, body: String, kind: PublishError.Kind) async {
        let transport = ScriptedTransport(.answer(status, body))
        let error = await #expect(throws: PublishError.self) { try await credentials(transport, isOwnKeyPublic: false) }
        #expect(error?.kind == kind)
        #expect(error?.message.contains("provision") == false)
    }
}
