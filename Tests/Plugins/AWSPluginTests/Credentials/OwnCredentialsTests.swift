import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("Credentials for the gateway's own token")
struct OwnCredentialsTests {
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
        return try await OwnCredentials(
            role: role, endpoint: "one", sessionName: "sts-gateway.test.one",
            tokens: SecurityTokenClient(
                endpoint: ServiceEndpoint(host: "sts.amazonaws.com"), transport: transport,
                authorities: { () throws(PublishError) in nil }),
            ownToken: { () throws(PublishError) in try token.get() }, isOwnKeyPublic: { isOwnKeyPublic }
        ).credentials()
    }

    @Test("are a session of the publisher role")
    func session() async throws {
        let transport = ScriptedTransport(.answer(200, SessionAnswer.text()))
        #expect(try await credentials(transport) == SessionAnswer.key)
        #expect(transport.requests[0].text.hasSuffix("&WebIdentityToken=header.claims.signature"))
    }

    @Test("are not asked for without a token")
    func noToken() async {
        let transport = ScriptedTransport()
        let failure = PublishError(.unavailable, "no key signs yet")
        await #expect(throws: failure) { try await credentials(transport, token: .failure(failure)) }
        #expect(transport.requests.isEmpty)
    }

    @Test(
        "are refused with the command that publishes the first documents, while the world lacks the gateway's key",
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
        #expect(error?.isTold == true)
    }

    @Test("are refused with what AWS has to know, where the key is public or nobody can say", arguments: [true, nil])
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
        "are not a matter of documents where STS is busy, or does not answer itself",
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
