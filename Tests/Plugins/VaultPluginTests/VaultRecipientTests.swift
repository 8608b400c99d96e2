import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Synchronization
import Testing

@testable import VaultPlugin

@Suite("The hand-over of keys to a mount")
struct VaultRecipientTests {
    private let server = ServerInMemory()
    private let key: SigningKey
    private let other: SigningKey

    init() throws {
        key = try SigningKey.generate(.es256)
        other = try SigningKey.generate(.es256)
    }

    private func recipient(
        _ transport: ScriptedTransport, more: String = "", isByAdministrator: Bool = true,
        ownToken: Result<String, PublishError> = .failure(PublishError(.unavailable, "not asked for")),
        files: FilesInMemory = FilesInMemory(), clock: ManualClock = ManualClock(now: .distantPast)
    ) throws -> any KeyRecipient {
        let endpoint = try #require(Endpoint.example(algorithm: .es256))
        let settings = try JSONValue(parsing: Array(#"{"address":"https://vault.example.com:8200"\#(more)}"#.utf8))
            .decode(VaultProvider.PublisherSettings.self)
        let plan = try #require(try VaultProvider.publisher(for: endpoint, settings: settings))
        return try #require(plan.keyHandOver).open(
            .example(
                transport: transport, files: files, environment: isByAdministrator ? ["VAULT_TOKEN": "root"] : [:],
                clock: clock, ownToken: ownToken, isByAdministrator: isByAdministrator))
    }

    private func set(_ keys: SigningKey...) -> JSONWebKeySet { JSONWebKeySet(keys: keys.map(\.publicKey)) }

    private func pem(_ key: SigningKey) throws -> JSONValue { .string(try key.publicKey.publicKeyPEM()) }

    @Test("The recipient keeps the rules of the plugin API")
    func conformance() async throws {
        #expect(await checkConformance(of: try recipient(server.transport)) == [])
    }

    @Test("Keys are stored as PEM with the bound issuer, and read back by their thumbprints")
    func wholeWay() async throws {
        let recipient = try recipient(server.transport)
        #expect(recipient.location == "https://vault.example.com:8200/v1/auth/one")
        #expect(try await recipient.stored() == nil)
        try await recipient.replace(nil, with: set(key, other))
        let pems = [try pem(key), try pem(other)]
        #expect(server.configuration?["jwt_validation_pubkeys"] == .array(pems))
        #expect(server.configuration?["bound_issuer"] == "https://issuer.example.com")
        let stored = try #require(try await recipient.stored())
        #expect(stored.keys.keys.map(\.parameters) == set(key, other).keys.map(\.parameters))
        #expect(stored.isComplete && stored.foreign.isEmpty)
    }

    @Test("The rest of the configuration is written back; other sources of keys and a login are not")
    func readChangeWrite() async throws {
        server.configuration = [
            "bound_issuer": "https://issuer.example.com", "default_role": "reader", "jwt_supported_algs": ["RS256"],
            "jwks_url": "https://keys.example.com", "jwks_ca_pem": "PEM", "oidc_client_id": "client",
            "oidc_response_types": [], "status": "valid", "jwt_validation_pubkeys": [], "clock_skew": 5,
        ]
        let recipient = try recipient(server.transport)
        let stored = try #require(try await recipient.stored())
        #expect(stored.foreign == [#"an OIDC client "client""#, #"jwks_url "https://keys.example.com""#])
        #expect(!stored.isComplete)
        try await recipient.replace(stored, with: set(key))
        #expect(
            server.configuration == [
                "default_role": "reader", "clock_skew": 5, "jwt_validation_pubkeys": [try pem(key)],
                "bound_issuer": "https://issuer.example.com", "jwt_supported_algs": ["RS256", "ES256"],
            ])
    }

    @Test("Another bound issuer, and a key that is none, belong to somebody else")
    func foreign() async throws {
        server.configuration = [
            "bound_issuer": "https://other.example.com", "jwt_validation_pubkeys": [try pem(key), "no key"],
        ]
        let stored = try #require(try await recipient(server.transport).stored())
        #expect(
            stored.foreign == [
                "jwt_validation_pubkeys[1], which is not an RSA or EC key",
                #"bound_issuer "https://other.example.com""#,
            ])
    }

    @Test("A configuration that another writer has changed is not written")
    func conflict() async throws {
        server.configuration = ["bound_issuer": "https://issuer.example.com"]
        let recipient = try recipient(server.transport)
        let stored = try await recipient.stored()
        server.configuration = ["bound_issuer": "https://issuer.example.com", "default_role": "reader"]
        let error = await #expect(throws: PublishError.self) { try await recipient.replace(stored, with: set(key)) }
        #expect(error?.kind == .conflict)
        #expect(server.configuration?["default_role"] == "reader")
    }

    @Test("The gateway logs in with its own token, and uses the session for half of its life")
    func login() async throws {
        server.configuration = ["jwt_validation_pubkeys": [try pem(key)], "bound_issuer": "https://issuer.example.com"]
        let clock = ManualClock(now: Date(timeIntervalSince1970: 1_800_000_000))
        let token = try SignedJWT.sign(["sub": "sts-gateway:publisher:test:one"], with: key)
        let transport = server.transport
        let recipient = try recipient(
            transport, isByAdministrator: false, ownToken: .success(token), clock: clock)
        for _ in 0..<3 { _ = try await recipient.stored() }
        #expect(server.state.withLock { $0.logins } == 1)
        #expect(
            transport.requests[0].text.contains(#""role":"sts-gateway-publisher""#)
                && transport.requests[0].headers("X-Vault-Token").isEmpty)
        clock.advance(by: 300)
        _ = try await recipient.stored()
        #expect(server.state.withLock { $0.logins } == 2)
        // A session that was revoked is replaced at once.
        server.state.withLock { $0.tokens = [] }
        _ = try await recipient.stored()
        #expect(server.state.withLock { $0.logins } == 3)
    }

    @Test("Where the mount does not hold the key, the error names the command for an administrator")
    func unknownKey() async throws {
        server.configuration = [
            "jwt_validation_pubkeys": [try pem(other)], "bound_issuer": "https://issuer.example.com",
        ]
        let token = try SignedJWT.sign(["sub": "x"], with: key)
        let recipient = try recipient(server.transport, isByAdministrator: false, ownToken: .success(token))
        let error = await #expect(throws: PublishError.self) { try await recipient.stored() }
        #expect(error?.kind == .denied)
        #expect(error?.message.contains("sts-gateway provision vault --endpoint one") == true)
        #expect(error?.message.contains(token) == false)
    }

    @Test("A token file is read for each call; white space around the token is ignored")
    func tokenFile() async throws {
        let recipient = try recipient(
            server.transport, more: #","tokenFile":"token","namespace":"team/a""#, isByAdministrator: false,
            files: FilesInMemory(["token": "root\n"]))
        #expect(recipient.location == "https://vault.example.com:8200/v1/team/a/auth/one")
        #expect(try await recipient.stored() == nil)
    }

    @Test("A mount that does not exist is an error, and not an empty one")
    func noMount() async throws {
        server.state.withLock { $0.isMounted = false }
        let recipient = try recipient(server.transport)
        let error = await #expect(throws: PublishError.self) { try await recipient.stored() }
        #expect(error?.kind == .misconfigured && error?.message.contains("no handler for route") == true)
    }

    @Test(
        "Statuses of the server",
        arguments: [
            (429, PublishError.Kind.throttled), (503, .unavailable), (473, .unavailable), (412, .unavailable),
            (500, .unavailable), (400, .misconfigured), (307, .misconfigured),
        ])
    func statuses(status: Int, kind: PublishError.Kind) async throws {
        let transport = ScriptedTransport(
            .answer(status, #"{"errors":["Vault is\nsealed"]}"#, ["Retry-After": "7"]))
        let recipient = try recipient(transport)
        let error = await #expect(throws: PublishError.self) { try await recipient.stored() }
        #expect(error?.kind == kind && error?.retryAfter == 7)
        #expect(
            error?.message
                == "GET auth/one/config at https://vault.example.com:8200: status \(status): Vault is sealed")
    }

    @Test("Only a hand-over with the gateway's own token needs a standby key")
    func standby() throws {
        let endpoint = try #require(Endpoint.example())
        func handOver(_ more: String) throws -> KeyHandOver? {
            let settings = try JSONValue(parsing: Array(#"{"address":"https://v.example.com"\#(more)}"#.utf8))
                .decode(VaultProvider.PublisherSettings.self)
            return try VaultProvider.publisher(for: endpoint, settings: settings)?.keyHandOver
        }
        #expect(try handOver("")?.usesOwnToken == true && handOver("")?.confirmation == .readBack)
        #expect(try handOver(#","tokenFile":"token""#)?.usesOwnToken == false)
    }

    @Test(
        "Values that would leave the mount's path are rejected",
        arguments: [
            #""address":"ftp://v""#, #""address":"https://v?x""#, #""address":"https://v/a//b""#,
            #""address":"https://v/..""#, #""address":"https://v","mount":"a/../b""#,
            #""address":"https://v","mount":"/a""#, #""address":"https://v","namespace":"a?""#,
            #""address":"https://v","role":"a/b""#, #""address":"https://v","role":"a","tokenFile":"t""#,
        ])
    func badSettings(members: String) throws {
        let endpoint = try #require(Endpoint.example())
        let settings = try JSONValue(parsing: Array("{\(members)}".utf8)).decode(VaultProvider.PublisherSettings.self)
        #expect(throws: SettingsErrors.self) { try VaultProvider.publisher(for: endpoint, settings: settings) }
    }
}
