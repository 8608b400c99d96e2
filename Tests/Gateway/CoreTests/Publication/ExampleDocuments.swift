import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE

extension PublishableDocuments {
    /// Of a ring of these keys.
    static func example(
        owner: String = "owner", revision: Int = 1, keys: [SigningKey] = [TestKeys.rsa], readingWanted: Date? = nil
    ) throws -> PublishableDocuments {
        let configuration = try ExampleEndpoint.configuration()
        let ring = KeyRing(
            endpoint: "one", owner: owner, revision: revision,
            keys: try keys.map { try ExampleEndpoint.ring($0).keys[0] })
        let documents = DiscoveryDocument(
            issuer: configuration.issuer, keys: ring.publicKeys, privateClaimNames: []
        ).issuerDocuments
        return PublishableDocuments(ring: ring, documents: documents, readingWanted: readingWanted)
    }
}

extension FakePublisher {
    /// Puts there what another gateway would have.
    func hold(_ documents: PublishableDocuments) {
        for document in documents.documents {
            self[document.kind] = Object(content: document.content, stamp: document.stamp, version: 0)
        }
    }

    var puts: [IssuerDocumentKind] {
        calls.compactMap { call in
            if case .put(let document) = call { document } else { nil }
        }
    }
}
