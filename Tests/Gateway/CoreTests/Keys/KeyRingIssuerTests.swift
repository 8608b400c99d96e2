import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("What a key ring records of its endpoint")
struct KeyRingIssuerTests {
    private let now = ExampleEndpoint.now
    private let configuration: EndpointConfiguration
    private let ring: KeyRing

    init() throws {
        configuration = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256", "ttl": "1h"])])
        ring = try ExampleEndpoint.ring(TestKeys.ec)
    }

    private func recorded() throws -> KeyRing {
        try #require(
            ring.recording(.init(configuration, ring: ring), location: "shelf://documents", invalidated: nil))
    }

    private func removed(_ ring: KeyRing) throws -> KeyRing { try #require(ring.recordingRemoval(at: now)) }

    @Test("The record is written once, and survives in the document, whose version stays")
    func document() throws {
        let recorded = try recorded()
        #expect(recorded.revision == ring.revision + 1)
        #expect(recorded.recording(.init(configuration, ring: recorded), location: nil, invalidated: nil) == nil)
        let content = try KeyRingDocument.encode(recorded)
        let json = try JSONValue(parsing: Array(content))
        #expect(json["version"] == 2 && json["location"] == "shelf://documents" && json["issuer"]?["path"] == "/one")
        let read = try KeyRingDocument.decode(content, endpoint: recorded.endpoint)
        #expect(read.issuer == recorded.issuer && read.location == "shelf://documents")
        let documents = try #require(SigningKeySnapshot(ring: ring, of: configuration).documents)
        #expect(read.recordedDocuments?.keys.content == documents.keys.content)
        #expect(read.recordedDocuments?.discovery.content == documents.discovery.content)
    }

    @Test("A configured path of the key set is recorded, so that a removed endpoint serves it too")
    func namedKeys() throws {
        let named = try ExampleEndpoint.configuration([
            .init("token", ["algorithm": "ES256"]),
            .init("issuer", ["host": "one.example.com", "jwksPath": "/openid/v1/jwks"]),
        ])
        let recorded = try #require(ring.recording(.init(named, ring: ring), location: nil, invalidated: nil))
        let read = try KeyRingDocument.decode(try KeyRingDocument.encode(recorded), endpoint: recorded.endpoint)
        #expect(read.issuer == recorded.issuer && read.issuer?.issuer == named.issuer)
        #expect(read.recordedDocuments?.namedKeys?.kind == .namedKeys(path: "/openid/v1/jwks"))
        #expect(read.recordedDocuments?.namedKeys?.content == read.recordedDocuments?.keys.content)
        #expect(recorded.recording(.init(configuration, ring: recorded), location: nil, invalidated: nil) != nil)
    }

    @Test("A ring without the record, or with one of another form, can be read", arguments: [nil, "x", "[]", "{}"])
    func malformed(record: String?) throws {
        let written = String(decoding: try KeyRingDocument.encode(ring), as: UTF8.self)
        let text = written.replacing(
            "\"version\" : 2",
            with: "\"version\" : 2" + (record.map { ", \"issuer\": \($0 == "x" ? "\"x\"" : $0)" } ?? ""))
        #expect(record == nil || text != written)
        let read = try KeyRingDocument.decode(Data(text.utf8), endpoint: ring.endpoint)
        #expect(read.issuer == nil && read.keys.count == 1 && read.recordingRemoval(at: now) == nil)
    }

    @Test("The end of the last token counts from the removal, with the longest lifetime that the ring has signed")
    func end() throws {
        let recorded = try recorded()
        #expect(recorded.tokensEnd == nil)
        let removed = try removed(recorded)
        #expect(removed.recordingRemoval(at: now.addingTimeInterval(60)) == nil)
        let retention = configuration.rotationPolicy.retention(maximumTokenLifetime: 3_600)
        #expect(removed.tokensEnd == now.addingTimeInterval(Double(retention)))
        let shorter = try ExampleEndpoint.configuration([.init("token", ["algorithm": "ES256", "ttl": "5m"])])
        let signed = try #require(
            recorded.applying(
                .recordLifetime(TestKeys.ec.keyID, seconds: 3_600), at: now, policy: configuration.rotationPolicy))
        #expect(KeyRing.IssuerRecord(shorter, ring: signed).retention == retention)
    }

    @Test("A removal is cleared when the endpoint is configured again, and one in the future becomes now")
    func again() throws {
        let removed = try removed(recorded())
        let back = try #require(removed.recording(.init(configuration, ring: removed), location: nil, invalidated: nil))
        #expect(back.tokensEnd == nil)
        let ahead = try #require(recorded().recordingRemoval(at: now.addingTimeInterval(172_800)))
        #expect(ahead.recordingRemoval(at: now)?.issuer?.removed == now)
    }
}
