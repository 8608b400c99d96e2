import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("Issuer documents")
struct DiscoveryDocumentTests {
    private struct Discovery: Decodable {
        let issuer: String
        let jwks_uri: String
        let response_types_supported: [String]
        let subject_types_supported: [String]
        let id_token_signing_alg_values_supported: [String]
        let claims_supported: [String]
    }

    let issuer: Issuer

    init() throws { issuer = try #require(Issuer(host: "One.example.com", path: "/a")) }

    private func document(_ keys: [JSONWebKey]) -> DiscoveryDocument {
        DiscoveryDocument(issuer: issuer, keys: JSONWebKeySet(keys: keys), privateClaimNames: ["team"])
    }

    @Test("The discovery document says what is there, and nothing that would answer 404")
    func discovery() throws {
        let text = document([TestKeys.ec.publicKey, TestKeys.rsa.publicKey]).issuerDocuments.discovery
        let discovery = try JSONDecoder().decode(Discovery.self, from: Data(text))
        #expect(discovery.issuer == "https://one.example.com/a")
        #expect(discovery.jwks_uri == "https://one.example.com/a/certs")
        #expect(discovery.id_token_signing_alg_values_supported == ["ES256", "RS256"])
        #expect(discovery.claims_supported.contains("saname") && discovery.claims_supported.contains("team"))
        let endpoints = try JSONDecoder().decode(JSONValue.self, from: Data(text))
        guard case .object(let members) = endpoints else {
            Issue.record("no object")
            return
        }
        #expect(members.filter { $0.name.hasSuffix("_endpoint") }.isEmpty)
    }

    @Test("The key set holds public members only, and verifies what the keys sign")
    func keys() throws {
        let text = document([TestKeys.ec.publicKey, TestKeys.rsa.publicKey]).issuerDocuments.keys
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text))
        guard case .array(let keys)? = value["keys"] else {
            Issue.record("no keys")
            return
        }
        #expect(keys.count == 2)
        let allowed: Set = ["kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"]
        for key in keys {
            guard case .object(let members) = key else { continue }
            #expect(members.allSatisfy { allowed.contains($0.name) })
            #expect(key["use"] == "sig")
        }
        let token = try SignedJWT.sign(["a": 1], with: TestKeys.rsa)
        try SignedJWT(parsing: token).verify(with: JSONWebKeySet(parsing: text))
    }

    @Test("Documents and their entity tags are the same for the same keys, and others for others")
    func entityTags() {
        let one = PublishedDocuments(document([TestKeys.ec.publicKey]).issuerDocuments)
        let same = PublishedDocuments(document([TestKeys.ec.publicKey]).issuerDocuments)
        let other = PublishedDocuments(document([TestKeys.rsa.publicKey]).issuerDocuments)
        #expect(one == same)
        #expect(one.keys.entityTag != other.keys.entityTag)
        #expect(one.keys.entityTag.hasPrefix("\"") && one.keys.entityTag.hasSuffix("\""))
    }

    @Test("Stock's bundle holds both documents as strings")
    func bundle() throws {
        struct Bundle: Decodable {
            let discovery: String
            let keys: String
        }
        let published = PublishedDocuments(document([TestKeys.ec.publicKey]).issuerDocuments)
        let bundle = try JSONDecoder().decode(Bundle.self, from: Data(published.bundle.body))
        #expect(Array(bundle.discovery.utf8) == published.discovery.body)
        #expect(Array(bundle.keys.utf8) == published.keys.body)
    }
}
