import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("The publication of a key set at a configured path")
struct NamedKeysPublicationTests {
    private static let named = IssuerDocumentKind.namedKeys(path: "/openid/v1/jwks")

    private let clock = ManualClock(now: ExampleEndpoint.now)
    private let edge = FakeEdge()
    private let publisher: FakePublisher
    private let reader = FakeIssuerReader()
    private let ring: KeyRing
    private let documents: IssuerDocuments
    private var publication: EndpointPublication

    init() throws {
        publisher = FakePublisher(edge: edge)
        ring = try ExampleEndpoint.ring(TestKeys.rsa)
        documents = IssuerDocuments(
            ring: ring, issuer: try #require(Issuer(host: "one.example.com", path: "", jwksPath: "/openid/v1/jwks")),
            privateClaimNames: [])
        publication = EndpointPublication(
            publisher: publisher, reader: reader, interval: 300, now: { [clock] in clock.now }, random: { 1 })
    }

    @Test("Both key sets are written before the discovery document, which names the configured path")
    mutating func written() async throws {
        let report = await publication.step(documents)
        #expect(report.outcomes.map(\.result) == [.written, .written, .written])
        #expect(publisher.puts == [.keys, Self.named, .discovery])
        #expect(publisher[Self.named]?.content == publisher[.keys]?.content)
        let discovery = try JSONValue(parsing: try #require(publisher[.discovery]).content)
        #expect(discovery["jwks_uri"] == "https://one.example.com/openid/v1/jwks")
        #expect(edge.invalidations.map(\.documents) == [[.keys, Self.named, .discovery]])
    }

    @Test("A key set that was changed or deleted is written again", arguments: [IssuerDocumentKind.keys, Self.named])
    mutating func drift(kind: IssuerDocumentKind) async throws {
        _ = await publication.step(documents)
        let before = publisher.puts.count
        publisher[kind] = nil
        clock.advance(by: 300)
        let report = await publication.step(documents)
        #expect(report.outcomes.filter { $0.result == .written }.map(\.document.kind) == [kind])
        #expect(publisher.puts.count == before + 1 && publisher[kind]?.content == documents[kind])
    }

    @Test("The issuer URL is read until it serves both", arguments: [IssuerDocumentKind.keys, Self.named])
    mutating func read(missing: IssuerDocumentKind) async throws {
        publisher.hold(documents)
        for document in documents.all { reader.answer(.content(document.content, isOwn: false), to: document.kind) }
        reader.answer(.failure("it answers 404"), to: missing)
        var report = await publication.step(documents)
        #expect(report.status.verdict == .unreachable("\(missing.path): it answers 404"))
        #expect(report.status.evidence == nil, "verifiers may read either")
        reader.answer(.content(Array(#"{"keys":[]}"#.utf8), isOwn: false), to: missing)
        clock.advance(by: 300)
        report = await publication.step(documents)
        #expect(report.status.verdict == .lacksKeys([TestKeys.rsa.keyID]) && report.status.evidence?.served == [])
        reader.answer(.content(documents[missing], isOwn: false), to: missing)
        clock.advance(by: 300)
        report = await publication.step(documents)
        #expect(report.status.verdict == .matches)
        #expect(report.status.evidence?.served == [TestKeys.rsa.keyID])
    }

    @Test("Its completed invalidation is recorded for that path only")
    mutating func invalidated() async throws {
        _ = await publication.step(documents)
        edge.complete()
        clock.advance(by: 60)
        let report = await publication.step(documents)
        let recorded = try #require(report.status.invalidated)
        #expect(recorded == KeyRing.InvalidatedDocuments(documents))
        #expect(recorded[Self.named] == documents.keys.stamp.digest)
        #expect(recorded[.namedKeys(path: "/other")] == nil)
    }
}
