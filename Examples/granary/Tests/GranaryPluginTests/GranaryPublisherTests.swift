import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import GranaryPlugin

@Suite("Publishing to Granary")
struct GranaryPublisherTests {
    @Test("The publisher keeps the rules of the plugin API")
    func conformance() async throws {
        let granary = FakeGranary()
        let transport = ScriptedTransport { granary.answer($0) }
        #expect(await checkConformance(of: try publisher(.example(transport: transport))) == [])
    }

    @Test("A document is written below the issuer's location, with a token of the endpoint and the maximum age")
    func request() async throws {
        let transport = ScriptedTransport(.answer(204, "", ["ETag": "\"1\""]))
        let publisher = try publisher(.example(transport: transport, maximumAge: 60, ownToken: .success("own")))
        let content = Array("{}".utf8)
        let stamp = DocumentStamp(owner: "ring", revision: 7, digest: DocumentStamp.digest(of: content))
        #expect(try await publisher.put(.keys, content, stamp: stamp, if: .absent) == "\"1\"")
        #expect(
            transport.calls == [
                "PUT https://api.granary.example/v1/tenants/mill/issuers/issuer.example.com/shop/certs"
            ])
        let request = try #require(transport.requests.first)
        #expect(request.headers("Authorization") == ["Bearer own"] && request.text == "{}")
        #expect(request.headers("Cache-Control") == ["max-age=60"] && request.headers("If-None-Match") == ["*"])
    }

    @Test(
        "An error response is mapped to a kind of error",
        arguments: [
            (403, PublishError.Kind.denied), (404, .misconfigured), (412, .conflict), (429, .throttled),
            (503, .unavailable), (302, .malformed),
        ])
    func errors(status: Int, kind: PublishError.Kind) async throws {
        let transport = ScriptedTransport(.answer(status, "no\n", ["Retry-After": "9"]))
        let publisher = try publisher(.example(transport: transport))
        let stamp = DocumentStamp(owner: "ring", revision: 7, digest: "")
        let error = await #expect(throws: PublishError.self) {
            try await publisher.put(.keys, [], stamp: stamp, if: .absent)
        }
        #expect(error?.kind == kind && error?.retryAfter == 9)
        #expect(error?.message.contains(#"certs: \#(status) "no\n""#) == true)
    }

    @Test("The API token of the file is used where one is configured, and is not in an error")
    func tokenFile() async throws {
        let files = FilesInMemory(["token": "secret\n"])
        let transport = ScriptedTransport(.answer(404), .failure(.timedOut))
        let publisher = try publisher(.example(transport: transport, files: files), tokenFile: "token")
        #expect(try await publisher.stored(.discovery) == nil)
        #expect(transport.requests.first?.headers("Authorization") == ["Bearer secret"])
        let failed = await #expect(throws: PublishError.self) { try await publisher.stored(.keys) }
        #expect(failed?.kind == .unavailable && failed?.message.contains("secret") == false)
        files["token"] = nil
        let missing = await #expect(throws: PublishError.self) { try await publisher.stored(.keys) }
        #expect(missing?.message == #"publish.tokenFile: missing file "token""#)
    }

    private func publisher(
        _ context: PublisherContext, tokenFile: String? = nil
    ) throws -> any DiscoveryPublisher {
        let endpoint = try #require(Endpoint.example(path: "/shop"))
        let plan = try #require(
            try GranaryProvider.publisher(
                for: endpoint, settings: .init(tenant: "mill", url: nil, tokenFile: tokenFile)))
        return try #require(plan.open(context))
    }
}
