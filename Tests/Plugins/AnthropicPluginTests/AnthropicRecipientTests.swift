import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Testing

@testable import AnthropicPlugin

@Suite("The hand-over of keys to a federation issuer")
struct AnthropicRecipientTests {
    private let api = APIInMemory()
    private let key: SigningKey
    private let other: SigningKey

    private static let exchange =
        #", "adminEndpoint": "admin", "federationRule": "fdrl_01abc", "organization": "6f1e2d3c-0000-4000-8000-0123456789ab", "#
        + #""serviceAccount": "svac_01abc""#

    init() throws {
        key = try SigningKey.generate(.es256)
        other = try SigningKey.generate(.es256)
    }

    private func plan(_ more: String = exchange) throws -> PublisherPlan {
        let endpoint = try #require(Endpoint.example(algorithm: .es256))
        let settings = try JSONValue(parsing: Array(#"{"federationIssuer": "fdis_01abc"\#(more)}"#.utf8))
            .decode(AnthropicProvider.PublisherSettings.self)
        return try #require(try AnthropicProvider.publisher(for: endpoint, settings: settings))
    }

    private func recipient(
        _ transport: ScriptedTransport, _ more: String = exchange, environment: [String: String] = [:],
        files: FilesInMemory = FilesInMemory(), isByAdministrator: Bool = false
    ) throws -> any KeyRecipient {
        try #require(try plan(more).keyHandOver).open(
            .example(
                transport: transport, files: files, environment: environment, ownToken: .success("own.token.here"),
                isByAdministrator: isByAdministrator))
    }

    private func set(_ keys: SigningKey...) -> JSONWebKeySet { JSONWebKeySet(keys: keys.map(\.publicKey)) }

    @Test("The recipient keeps the rules of the plugin API")
    func conformance() async throws {
        #expect(await checkConformance(of: try recipient(api.transport())) == [])
    }

    @Test("The token of the second endpoint is exchanged once, and the keys replace the inline ones alone")
    func wholeWay() async throws {
        let recipient = try recipient(api.transport())
        #expect(recipient.location == "https://api.anthropic.com\(APIInMemory.path)")
        #expect(try await recipient.stored() == nil)
        try await recipient.replace(nil, with: set(key, other))
        #expect(
            api.issuer["jwks"] == ["type": "inline", "keys": [key.publicKey.json, other.publicKey.json]])
        #expect(api.issuer["name"] == "production" && api.issuer["check_jti"] == true)
        let stored = try #require(try await recipient.stored())
        #expect(stored.keys == set(key, other) && stored.isComplete && stored.foreign.isEmpty)
        #expect(
            api.exchanges == [
                [
                    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "own.token.here",
                    "federation_rule_id": "fdrl_01abc", "organization_id": "6f1e2d3c-0000-4000-8000-0123456789ab",
                    "service_account_id": "svac_01abc",
                ]
            ])
    }

    @Test("The endpoint whose token authorizes the hand-over is part of the plan, and a standby key is kept")
    func plan() throws {
        let handOver = try #require(try plan().keyHandOver)
        #expect(handOver.tokenEndpoint == "admin" && handOver.usesOwnToken && handOver.propagation.newKey == 900)
        let file = try #require(try plan(#", "tokenFile": "token""#).keyHandOver)
        #expect(file.tokenEndpoint == nil && !file.usesOwnToken)
    }

    @Test("Another issuer, keys that are fetched, and a key that cannot be read belong to somebody else")
    func foreign() async throws {
        let api = APIInMemory(
            url: "https://other.example.com", jwks: ["type": "inline", "keys": [["kty": "OKP", "crv": "Ed25519"]]])
        var stored = try #require(try await recipient(api.transport()).stored())
        #expect(
            stored.foreign == [
                #"issuer_url "https://other.example.com""#, "jwks.keys[0], which is not an RSA or EC signature key",
            ])
        api.issuer = api.issuer.setting(["type": "discovery"], at: "jwks")
        stored = try #require(try await recipient(api.transport()).stored())
        #expect(stored.foreign.last == #"jwks of the type "discovery""# && !stored.isComplete)
        // With publish --take-over.
        try await recipient(api.transport()).replace(stored, with: set(key))
        #expect(api.issuer["issuer_url"] == "https://issuer.example.com")
        #expect(api.issuer["jwks"] == ["type": "inline", "keys": [key.publicKey.json]])
    }

    @Test("Nothing is written where somebody else has written meanwhile, or the issuer is archived")
    func conflict() async throws {
        let recipient = try recipient(api.transport())
        try await recipient.replace(nil, with: set(key))
        let stored = try await recipient.stored()
        api.issuer = api.issuer.setting(["type": "inline", "keys": [other.publicKey.json]], at: "jwks")
        var error = try await #require(throws: PublishError.self) {
            try await recipient.replace(stored, with: set(key))
        }
        #expect(error.kind == .conflict)
        api.issuer = api.issuer.setting("2026-01-01T00:00:00Z", at: "archived_at")
        let current = try await recipient.stored()
        error = try await #require(throws: PublishError.self) { try await recipient.replace(current, with: set(key)) }
        #expect(error.kind == .misconfigured && error.message.contains("archived"))
    }

    @Test("An administrator uses a token of the environment, and a file is read for each token")
    func otherProofs() async throws {
        let byHand = try recipient(
            api.transport(), environment: ["ANTHROPIC_AUTH_TOKEN": "admin"], isByAdministrator: true)
        #expect(try await byHand.stored() == nil)
        let byFile = try recipient(
            api.transport(), #", "tokenFile": "token""#, files: FilesInMemory(["token": "admin\n"]))
        #expect(try await byFile.stored() == nil)
        #expect(api.exchanges == [])
        let without = try recipient(api.transport(), isByAdministrator: true)
        let error = try await #require(throws: PublishError.self) { try await without.stored() }
        #expect(error.kind == .denied && error.message.contains("org:admin"))
    }

    @Test("A rejected token is replaced once; errors say what to do, and have no token")
    func rejected() async throws {
        let expired = ScriptedTransport(
            .answer(200, #"{"access_token":"old"}"#), .answer(401), .answer(200, #"{"access_token":"new"}"#),
            .answer(200, api.issuer.text))
        #expect(try await recipient(expired).stored() == nil)
        #expect(expired.requests.flatMap { $0.headers("authorization") } == ["Bearer old", "Bearer new"])
        for (status, text) in [(401, "the token of the endpoint admin is not accepted"), (403, "org:admin")] {
            let transport = api.transport { request in
                (status == 401) == request.url.hasSuffix("/token")
                    ? .answer(status, APIInMemory.error("authentication_error"), ["request-id": "r1"]) : nil
            }
            let error = try await #require(throws: PublishError.self) { try await recipient(transport).stored() }
            #expect(error.kind == .denied && error.message.contains(text) && error.reference == "r1")
            #expect(!error.message.contains("own.token.here"))
        }
    }

    @Test("Invalid keys are reported, each with its place; the endpoint itself is not its administrator")
    func settings() throws {
        func keys(_ more: String) -> [String] {
            do {
                _ = try plan(more)
                return []
            } catch {
                return (error as? SettingsErrors)?.errors.map(\.key) ?? ["\(error)"]
            }
        }
        #expect(keys("") == ["publish.adminEndpoint", "publish.federationRule", "publish.organization"])
        #expect(keys(Self.exchange + #", "tokenFile": "x""#).count == 4)
        #expect(keys(Self.exchange.replacing(#""admin""#, with: #""one""#)) == ["publish.adminEndpoint"])
        #expect(keys(Self.exchange.replacing("fdrl_", with: "rule_")) == ["publish.federationRule"])
        #expect(keys(Self.exchange + #", "address": "http://api.example.com""#) == ["publish.address"])
        #expect(keys(Self.exchange + #", "workspace": "default""#) == [])
    }
}
