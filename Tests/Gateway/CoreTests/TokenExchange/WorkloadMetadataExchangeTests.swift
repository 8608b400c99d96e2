import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Synchronization
import Testing

@Suite("Token exchange by labels and annotations")
struct WorkloadMetadataExchangeTests {
    typealias Answer = Result<WorkloadMetadata.Object?, TokenReviewFailure>

    /// Returns configured objects, and records the requests.
    private final class FakeMetadataReader: WorkloadMetadataReading {
        private let answers: [WorkloadMetadata.Source: Answer]
        private let state = Mutex<[WorkloadMetadata.Source]>([])

        init(_ answers: [WorkloadMetadata.Source: Answer]) { self.answers = answers }

        var asked: [WorkloadMetadata.Source] { state.withLock { $0 } }

        func read(
            _ source: WorkloadMetadata.Source, of identity: WorkloadIdentity, at now: Date
        ) async throws(TokenReviewFailure) -> WorkloadMetadata.Object? {
            state.withLock { $0.append(source) }
            return try answers[source]?.get()
        }
    }

    private struct Claims: Decodable {
        let team: String?
        let owner: String?
        let none: String?
    }

    private static let blue = WorkloadMetadata.Object(uid: "ns", labels: ["team": "blue"], annotations: [:])
    private static let web = WorkloadMetadata.Object(
        uid: "uid-of-web", labels: ["tier": "gold"], annotations: ["example.com/owner": "jane"])

    /// - Parameter reader: nil for a gateway without one.
    private func exchange(
        rule: String, claims: JSONValue = [:], reader: FakeMetadataReader?,
        review: FakeTokenReviewer.Answer = .success(.authenticated(.serviceAccount()))
    ) throws -> TokenExchange {
        let configuration = try ExampleEndpoint.configuration([
            .init("azRules", [["scope": "filter", "constraint": .string(rule)]]),
            .init("token", .object([.init("claims", claims)])),
        ])
        return TokenExchange(
            configuration: configuration, reviewer: FakeTokenReviewer(review), metadata: reader,
            keys: try ExampleEndpoint.keys(configuration), signatures: FakeSignatures())
    }

    private func request() throws -> TokenExchangeRequest {
        TokenExchangeRequest(
            wire: .tokenExchange,
            subjectToken: try SubjectToken(
                parsing: TestCluster(key: TestKeys.ec).token(at: ExampleEndpoint.now) { _ in }))
    }

    private func issue(_ exchange: TokenExchange) async throws -> IssuedToken {
        try await exchange.exchange(try request(), at: ExampleEndpoint.now, tokenID: TokenID(randomBits: (1, 2)))
    }

    @Test("Nothing is read if no rule or claim uses a label or an annotation")
    func optIn() async throws {
        let reader = FakeMetadataReader([:])
        _ = try await issue(exchange(rule: "(namespace=default)", reader: reader))
        #expect(reader.asked.isEmpty)
    }

    @Test("Only a rule's object is read, and its label decides")
    func rule() async throws {
        let reader = FakeMetadataReader([.namespace: .success(Self.blue)])
        _ = try await issue(exchange(rule: "(namespace-label/team=blue)", reader: reader))
        #expect(reader.asked == [.namespace])
        let red = try exchange(rule: "(namespace-label/team=red)", reader: reader)
        let identity = try WorkloadIdentity(.serviceAccount(), cluster: "test")
        await #expect(throws: TokenExchangeError.deniedByPolicy(identity)) { try await issue(red) }
    }

    @Test("A claim has a label or an annotation, and is omitted if it is absent")
    func claims() async throws {
        let reader = FakeMetadataReader([.namespace: .success(Self.blue), .serviceAccount: .success(Self.web)])
        let issuing = try exchange(
            rule: "(namespace=default)",
            claims: [
                "team": ["attribute": "namespace-label/team"],
                "owner": ["attribute": "SA-annotation/example.com/owner"],
                "none": ["attribute": "sa-label/none"],
            ], reader: reader)
        let compact = try await issue(issuing).compact
        let payload = try JSONDecoder().decode(Claims.self, from: Data(SignedJWT(parsing: compact).payload))
        #expect(payload.team == "blue")
        #expect(payload.owner == "jane")
        #expect(payload.none == nil)
        #expect(reader.asked == [.namespace, .serviceAccount])
        // A request without a token needs no objects of claims.
        _ = try await issuing.authorize(try request(), at: ExampleEndpoint.now)
        #expect(reader.asked.count == 2)
    }

    @Test("A failed read is an error, independent of the rule")
    func failure() async throws {
        let reader = FakeMetadataReader([.namespace: .failure(TokenReviewFailure(retryAfter: 7, reason: "away"))])
        for rule in [
            "(namespace-label/team=blue)", "(!(namespace-label/team=blue))", "(|(uid=*)(namespace-label/a=b))",
        ] {
            let exchange = try exchange(rule: rule, reader: reader)
            let error = TokenExchangeError.reviewUnavailable(retryAfter: 7, reason: "away")
            await #expect(throws: error) { try await issue(exchange) }
            #expect(OAuthError(error, wire: .tokenExchange).status == 503)
            #expect(OAuthError(error, wire: .tokenExchange).retryAfter == 7)
        }
    }

    @Test("Without a reader such an endpoint issues no token")
    func noReader() async throws {
        let exchange = try exchange(rule: "(!(namespace-label/team=blue))", reader: nil)
        await #expect(
            throws: TokenExchangeError.reviewUnavailable(
                retryAfter: 60, reason: "labels and annotations are not readable here")
        ) { try await issue(exchange) }
    }

    @Test("A deleted or recreated namespace or ServiceAccount makes the token invalid")
    func gone() async throws {
        let other = WorkloadMetadata.Object(uid: "other", labels: Self.web.labels, annotations: [:])
        for answers in [
            [.namespace: .success(nil), .serviceAccount: .success(Self.web)],
            [.namespace: .success(Self.blue), .serviceAccount: .success(nil)],
            [.namespace: .success(Self.blue), .serviceAccount: .success(other)],
        ] as [[WorkloadMetadata.Source: Answer]] {
            let exchange = try exchange(
                rule: "(&(namespace=default)(|(sa-label/tier=gold)(namespace-label/team=*)))",
                reader: FakeMetadataReader(answers))
            await #expect(throws: TokenExchangeError.invalidSubjectToken(.workloadGone)) { try await issue(exchange) }
        }
    }

    @Test("Nothing is read for an unauthenticated request")
    func unauthenticated() async throws {
        let reader = FakeMetadataReader([:])
        let exchange = try exchange(
            rule: "(namespace-label/team=blue)", reader: reader, review: .success(.unauthenticated(.unauthenticated)))
        await #expect(throws: TokenExchangeError.invalidSubjectToken(.unauthenticated)) { try await issue(exchange) }
        #expect(reader.asked.isEmpty)
    }
}
