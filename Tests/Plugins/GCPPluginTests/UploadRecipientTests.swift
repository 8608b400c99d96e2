import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Synchronization
import Testing

@testable import GCPPlugin

@Suite("The hand-over of keys to a provider")
struct UploadRecipientTests {
    private let google = GoogleInMemory()
    private let key: SigningKey
    private let other: SigningKey

    init() throws {
        key = try SigningKey.generate(.es256)
        other = try SigningKey.generate(.es256)
    }

    private static let audience = "https://iam.googleapis.com/" + GoogleInMemory.provider

    private func plan(_ block: String = "{}", host: String = "issuer.example.com") throws -> PublisherPlan {
        let endpoint = try #require(Endpoint.example(host: host, audiences: [Self.audience], algorithm: .es256))
        let settings = try JSONValue(parsing: Array(block.utf8)).decode(GCPProvider.PublisherSettings.self)
        return try #require(try GCPProvider.publisher(for: endpoint, settings: settings))
    }

    private func recipient(
        _ block: String = "{}", transport: ScriptedTransport? = nil, isByAdministrator: Bool = true,
        ownToken: Result<String, PublishError> = .failure(PublishError(.unavailable, "not asked for")),
        clock: ManualClock = ManualClock(now: Date(timeIntervalSince1970: 1_800_000_000))
    ) throws -> any KeyRecipient {
        try #require(try plan(block).keyHandOver).open(
            .example(
                transport: transport ?? google.transport,
                environment: isByAdministrator ? ["CLOUDSDK_AUTH_ACCESS_TOKEN": "administrator"] : [:], clock: clock,
                ownToken: ownToken, isOwnKeyPublic: nil, isByAdministrator: isByAdministrator))
    }

    private func set(_ keys: SigningKey...) -> JSONWebKeySet { JSONWebKeySet(keys: keys.map(\.publicKey)) }
    private func text(_ keys: SigningKey...) -> String { JSONWebKeySet(keys: keys.map(\.publicKey)).json.text }
    private func token(_ key: SigningKey) throws -> String { try SignedJWT.sign(["sub": "x"], with: key) }
    private var uploaded: String? { google.resource(GoogleInMemory.provider)?["oidc"]?["jwksJson"]?.stringValue }

    @Test("The recipient keeps the rules of the plugin API, also where operations take time")
    func conformance() async throws {
        google.addProvider()
        #expect(await checkConformance(of: try recipient()) == [])
        google.addProvider()
        google.state.withLock { $0.readingsUntilDone = 3 }
        #expect(await checkConformance(of: try recipient()) == [])
    }

    @Test("A set is uploaded with the allowed members only, and is confirmed by a trial exchange")
    func wholeWay() async throws {
        google.addProvider()
        let plan = try plan()
        #expect(plan.location == "https://iam.googleapis.com/v1/\(GoogleInMemory.provider)")
        #expect(plan.keyHandOver?.confirmation == .trial && plan.keyHandOver?.usesOwnToken == true)
        let recipient = try recipient()
        #expect(try await recipient.stored() == nil)
        try await recipient.replace(nil, with: set(key, other))
        let members = Set(
            (try JSONValue(parsing: Array((uploaded ?? "").utf8))["keys"]?.elementList ?? []).flatMap {
                $0.memberList.map(\.name)
            })
        #expect(members == ["kty", "use", "alg", "kid", "crv", "x", "y"])
        #expect(try await recipient.accepts(try token(key)))
        #expect(try await !recipient.accepts(try token(SigningKey.generate(.es256))))
    }

    @Test("A stored set that Google cannot use is not complete")
    func unusable() async throws {
        let wrongKid = text(key).replacing(key.publicKey.keyID.rawValue, with: "other")
        let certificate = text(key).replacing(#"{"kty""#, with: #"{"x5t":"AA","kty""#)
        for keys in [wrongKid, certificate] {
            google.addProvider(keys: keys)
            let stored = try #require(try await recipient().stored())
            #expect(!stored.isComplete && stored.foreign == [])
        }
        #expect(try await !recipient().accepts(try token(key)))
    }

    @Test("Another issuer, another kind of provider, and what is not a key belong to somebody else")
    func foreign() async throws {
        google.addProvider(issuer: "https://other.example.com")
        #expect(try await recipient().stored()?.foreign == [#"issuerUri "https://other.example.com""#])
        google.set(GoogleInMemory.provider, ["state": "ACTIVE", "aws": ["accountId": "1"]])
        #expect(try await recipient().stored()?.foreign == ["a provider of another kind than OIDC"])
        google.addProvider(keys: #"{"keys": [{"kty": "oct", "k": "AA"}]}"#)
        #expect(try await recipient().stored()?.foreign == ["a key that is not an RSA or EC key in jwksJson"])
        google.addProvider(keys: "no json")
        #expect(try await recipient().stored()?.foreign.count == 1)
    }

    @Test("After --take-over the provider has the endpoint's issuer, and the rest as before")
    func takeOver() async throws {
        google.addProvider(issuer: "https://other.example.com", keys: text(other), ["attributeCondition": "true"])
        let recipient = try recipient()
        let stored = try await recipient.stored()
        try await recipient.replace(stored, with: set(key))
        let provider = try #require(google.resource(GoogleInMemory.provider))
        #expect(
            provider["oidc"]?["issuerUri"] == "https://issuer.example.com" && provider["attributeCondition"] == "true")
    }

    @Test("The first upload enables a provider that waits for keys; one that somebody has disabled stays disabled")
    func disabled() async throws {
        google.addProvider(["disabled": true])
        try await recipient().replace(nil, with: set(key))
        #expect(google.resource(GoogleInMemory.provider)?["disabled"] == .bool(false))
        google.addProvider(keys: text(key), ["disabled": true])
        let recipient = try recipient()
        try await recipient.replace(try await recipient.stored(), with: set(key, other))
        #expect(google.resource(GoogleInMemory.provider)?["disabled"] == .bool(true))
        let error = await #expect(throws: PublishError.self) { try await recipient.accepts(try token(key)) }
        #expect(error?.kind == .misconfigured && error?.message.contains("disabled") == true)
    }

    @Test("A provider that another writer has changed is not written")
    func conflict() async throws {
        google.addProvider(keys: text(key))
        let recipient = try recipient()
        let stored = try await recipient.stored()
        google.addProvider(keys: text(other))
        let error = await #expect(throws: PublishError.self) { try await recipient.replace(stored, with: set(key)) }
        #expect(error?.kind == .conflict && uploaded == text(other))
    }

    @Test("An operation that fails, or that is not done in a minute, is an error")
    func operations() async throws {
        google.addProvider()
        google.state.withLock { $0.readingsUntilDone = 100 }
        let clock = ManualClock(now: Date(timeIntervalSince1970: 1_800_000_000))
        let slow = await #expect(throws: PublishError.self) {
            try await recipient(clock: clock).replace(nil, with: set(key))
        }
        #expect(slow?.kind == .unavailable && slow?.message.contains("not done after 60 s") == true)
        #expect(clock.now == Date(timeIntervalSince1970: 1_800_000_060))
        let answers = ScriptedTransport(
            .answer(200, google.resource(GoogleInMemory.provider)?.setting(nil, at: "oidc", "jwksJson").text ?? ""),
            .answer(
                200,
                #"{"name": "projects/1/operations/a", "done": true, "error": {"code": 9, "message": "org policy"}}"#))
        let failed = await #expect(throws: PublishError.self) {
            try await recipient(transport: answers).replace(nil, with: set(key))
        }
        #expect(failed?.kind == .misconfigured && failed?.message.hasSuffix(": org policy") == true)
    }

    @Test("The gateway's own token is exchanged, and the access token is used for half of its life")
    func ownToken() async throws {
        google.addProvider(keys: text(key))
        let clock = ManualClock(now: Date(timeIntervalSince1970: 1_800_000_000))
        let transport = google.transport
        let recipient = try recipient(
            transport: transport, isByAdministrator: false, ownToken: .success(try token(key)), clock: clock)
        for _ in 0..<3 { _ = try await recipient.stored() }
        #expect(google.state.withLock { $0.exchanges } == 1)
        clock.advance(by: 1_800)
        _ = try await recipient.stored()
        #expect(google.state.withLock { $0.exchanges } == 2)
        // A token that Google does not accept any more is replaced at once.
        google.state.withLock { $0.tokens = [] }
        _ = try await recipient.stored()
        #expect(google.state.withLock { $0.exchanges } == 3)
    }

    @Test("With a service account the federated token is only used to impersonate it")
    func impersonation() async throws {
        google.addProvider(keys: text(key))
        let transport = google.transport
        let recipient = try recipient(
            #"{"serviceAccount": "sts@my-project-1.iam.gserviceaccount.com"}"#, transport: transport,
            isByAdministrator: false, ownToken: .success(try token(key)))
        _ = try await recipient.stored()
        #expect(
            transport.calls[1]
                == "POST https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
                + "sts@my-project-1.iam.gserviceaccount.com:generateAccessToken")
        #expect(transport.requests[2].headers("Authorization") == ["Bearer impersonated"])
    }

    @Test("Where the provider does not hold the key, the error names the command for an administrator")
    func unknownKey() async throws {
        google.addProvider(keys: text(other))
        let own = try token(key)
        let recipient = try recipient(isByAdministrator: false, ownToken: .success(own))
        let error = await #expect(throws: PublishError.self) { try await recipient.stored() }
        #expect(error?.kind == .denied && error?.message.contains(own) == false)
        #expect(error?.message.contains("sts-gateway provision gcp --endpoint one --only keys") == true)
    }

    @Test("A condition that rejects the subject of a trial proves nothing")
    func condition() async throws {
        google.addProvider(keys: text(key))
        google.state.withLock {
            $0.exchangeAnswer = .answer(400, #"{"error": "unauthorized_client", "error_description": "condition"}"#)
        }
        let recipient = try recipient()
        let error = await #expect(throws: PublishError.self) { try await recipient.accepts(try token(key)) }
        #expect(error?.kind == .misconfigured && error?.message.contains("attribute condition") == true)
        google.state.withLock { $0.exchangeAnswer = .answer(503, "") }
        let undecided = await #expect(throws: PublishError.self) { try await recipient.accepts(try token(key)) }
        #expect(undecided?.kind == .unavailable)
    }

    @Test("A provider that is missing or deleted is named with what to do")
    func missing() async throws {
        let missing = await #expect(throws: PublishError.self) { try await recipient().stored() }
        #expect(missing?.kind == .misconfigured && missing?.message.contains("provision gcp") == true)
        google.addProvider(["state": "DELETED"])
        let deleted = await #expect(throws: PublishError.self) { try await recipient().stored() }
        #expect(deleted?.message.contains("undelete") == true)
    }

    @Test(
        "Invalid keys of the block are reported",
        arguments: [
            (#"{"pool": "A"}"#, ["publish.pool"]), (#"{"prefix": "a"}"#, ["publish.prefix"]),
            (#"{"credentials": []}"#, ["publish.credentials"]),
            (#"{"credentials": ["self", "self", "x"]}"#, ["publish.credentials", "publish.credentials"]),
            (#"{"serviceAccount": "a@b"}"#, ["publish.serviceAccount"]),
            (#"{"endpoints": {"iam": "http://a"}}"#, ["publish.endpoints.iam"]),
            (#"{"bucket": "goog-a"}"#, ["publish.bucket"]), (#"{"bucket": "1.2.3.4"}"#, ["publish.bucket"]),
            (#"{"bucket": "b-1", "prefix": "a/../b"}"#, ["publish.prefix"]),
        ])
    func badSettings(block: String, keys: [String]) throws {
        let error = #expect(throws: SettingsErrors.self) { try plan(block) }
        #expect(error?.errors.map(\.key) == keys)
    }

    @Test("Keys of an algorithm that Google does not verify are not handed over")
    func algorithm() throws {
        let endpoint = try #require(Endpoint.example(audiences: [Self.audience], algorithm: .es384))
        let empty = try JSONValue(parsing: Array("{}".utf8)).decode(GCPProvider.PublisherSettings.self)
        let error = #expect(throws: SettingsErrors.self) {
            try GCPProvider.publisher(for: endpoint, settings: empty)
        }
        #expect(error?.errors.map(\.key) == ["token.algorithm"])
    }

    @Test("Names that make the gateway's own subject too long for Google are reported")
    func longNames() throws {
        let name = String(repeating: "n", count: 120)
        let endpoint = try #require(Endpoint.example(name: name, audiences: [Self.audience]))
        let empty = try JSONValue(parsing: Array("{}".utf8)).decode(GCPProvider.PublisherSettings.self)
        let error = #expect(throws: SettingsErrors.self) {
            try GCPProvider.publisher(for: endpoint, settings: empty)
        }
        #expect(error?.errors.map(\.key) == ["publish"])
    }

    @Test("An endpoint whose audience is no provider has to name one")
    func otherAudience() throws {
        let endpoint = try #require(Endpoint.example())
        let empty = try JSONValue(parsing: Array("{}".utf8)).decode(GCPProvider.PublisherSettings.self)
        let error = #expect(throws: SettingsErrors.self) {
            try GCPProvider.publisher(for: endpoint, settings: empty)
        }
        #expect(error?.errors.map(\.key) == ["publish.projectNumber", "publish.pool", "publish.provider"])
    }
}
