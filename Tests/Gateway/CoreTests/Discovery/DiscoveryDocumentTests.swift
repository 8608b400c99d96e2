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

    private func documents(_ keys: [SigningKey]) throws -> IssuerDocuments {
        let ring = KeyRing(
            endpoint: "one", owner: "owner", keys: try keys.map { try ExampleEndpoint.ring($0).keys[0] })
        return IssuerDocuments(ring: ring, issuer: issuer, privateClaimNames: ["team"])
    }

    @Test("The discovery document lists only existing endpoints")
    func discovery() throws {
        let text = try documents([TestKeys.ec, TestKeys.rsa]).discovery.content
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

    @Test("The key set contains public members only, and verifies the keys' signatures")
    func keys() throws {
        let text = try documents([TestKeys.ec, TestKeys.rsa]).keys.content
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

    @Test("Documents and their entity tags depend on the keys only")
    func entityTags() throws {
        let one = try documents([TestKeys.ec])
        let tag = one.keys.representation.entityTag
        #expect(try one == documents([TestKeys.ec]))
        #expect(try tag != documents([TestKeys.rsa]).keys.representation.entityTag)
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
    }

    @Test("The bundle contains both documents as strings")
    func bundle() throws {
        struct Bundle: Decodable {
            let discovery: String
            let keys: String
        }
        let documents = try documents([TestKeys.ec])
        let bundle = try JSONDecoder().decode(Bundle.self, from: Data(documents.bundle.content))
        #expect(Array(bundle.discovery.utf8) == documents.discovery.content)
        #expect(Array(bundle.keys.utf8) == documents.keys.content)
    }
}
