import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("A signed call")
struct AWSClientTests {
    private let request = ServiceRequest(
        method: "GET", host: "h.example.com:9000", path: "/a b", query: [HTTPHeaderField("x", "1 2")])
    private let signer = SigV4Signer(service: .s3, region: "us-east-1")
    private static let other = AccessKey(id: "AKIDOTHER", secret: "other")

    private func send(_ client: AWSClient) async throws(PublishError) -> HTTPTransportResponse {
        try await client.send(request, scheme: "https", signer: signer, call: "s3:GetObject on \"b/k\"")
    }

    @Test("is sent to the URL that was signed")
    func url() async throws {
        let transport = ScriptedTransport(.answer(200))
        _ = try await send(.example(transport))
        #expect(transport.calls == ["GET https://h.example.com:9000/a%20b?x=1%202"])
        #expect(transport.requests[0].headers("host") == ["h.example.com:9000"])
    }

    @Test(
        "is repeated once with new credentials where the service rejects them as expired",
        arguments: [
            "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidClientTokenId",
        ])
    func expired(code: String) async throws {
        let transport = ScriptedTransport(.answer(400, ErrorDocument.s3(code)), .answer(200))
        let credentials = GivenCredentials(.success(.example), .success(Self.other))
        #expect(try await send(.example(transport, credentials)).status == 200)
        #expect(transport.requests.count == 2)
        #expect(transport.requests[0].headers("authorization")[0].contains("AKIAIOSFODNN7EXAMPLE"))
        #expect(transport.requests[1].headers("authorization")[0].contains("AKIDOTHER"))
        #expect(await credentials.asked == 2)
    }

    @Test("is repeated at most once")
    func once() async throws {
        let transport = ScriptedTransport { _ in .answer(400, ErrorDocument.s3("ExpiredToken")) }
        #expect(try await send(.example(transport)).status == 400)
        #expect(transport.requests.count == 2)
    }

    @Test("is not repeated for another error", arguments: ["AccessDenied", "SlowDown", "SignatureDoesNotMatch"])
    func otherRefusal(code: String) async throws {
        let transport = ScriptedTransport(.answer(403, ErrorDocument.s3(code)))
        #expect(try await send(.example(transport)).status == 403)
        #expect(transport.requests.count == 1)
    }

    @Test("is repeated with a new session where a session of a minute or more is denied, which may have been revoked")
    func revokedSession() async throws {
        let transport = ScriptedTransport { _ in .answer(403, ErrorDocument.s3("AccessDenied")) }
        for (source, age, requests) in [
            (CredentialSource.selfIssued, 60.0, 2), (.selfIssued, 59, 1), (.environment, 60, 1),
        ] {
            let clock = ManualClock(now: exampleTime)
            let given = GivenCredentials(.success(.example), .success(Self.other))
            let credentials = CredentialCache(
                sources: [(source, given)], now: { clock.now }, logger: PluginContext.silent.logger)
            _ = try await credentials.current()
            clock.advance(by: age)
            let client = AWSClient(
                transport: transport, credentials: credentials, now: { clock.now },
                authorities: { () throws(PublishError) in nil })
            let before = transport.requests.count
            #expect(try await send(client).status == 403)
            #expect(transport.requests.count - before == requests, "\(source) after \(age) s")
        }
    }

    @Test("is not sent without credentials, nor without the configured CA certificates")
    func notSent() async {
        let transport = ScriptedTransport(.answer(200))
        let none = await #expect(throws: PublishError.self) {
            try await send(.example(transport, GivenCredentials(.success(nil))))
        }
        #expect(none?.kind == .denied)
        let client = AWSClient(
            transport: transport, credentials: AWSClient.example(transport).credentials, now: { exampleTime },
            authorities: { () throws(PublishError) in throw PublishError(.misconfigured, "publish.caFile: none") })
        let error = await #expect(throws: PublishError.self) { try await send(client) }
        #expect(error?.kind == .misconfigured)
        #expect(transport.requests.isEmpty)
    }

    @Test("has the configured CA certificates")
    func authorities() async throws {
        let transport = ScriptedTransport(.answer(200))
        let client = AWSClient(
            transport: transport, credentials: AWSClient.example(transport).credentials, now: { exampleTime },
            authorities: { () throws(PublishError) in "PEM" })
        _ = try await send(client)
        #expect(transport.requests[0].certificateAuthorities == "PEM")
    }

    @Test("fails with the call's name where the network fails")
    func silence() async {
        let transport = ScriptedTransport(.failure(.timedOut))
        let error = await #expect(throws: PublishError.self) { try await send(.example(transport)) }
        #expect(error?.kind == .unavailable)
        #expect(error?.message.hasPrefix("s3:GetObject on \"b/k\": no answer in time") == true)
    }
}
