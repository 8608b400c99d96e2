import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JOSE

extension IssuerDocuments {
    /// Of a ring of these keys.
    static func example(
        owner: String = "owner", revision: Int = 1, keys: [SigningKey] = [TestKeys.rsa], readingDue: Date? = nil,
        isInvalidated: Bool = false, revoked: Date? = nil, location: String? = nil
    ) throws -> IssuerDocuments {
        let configuration = try ExampleEndpoint.configuration()
        func documents(_ invalidated: KeyRing.InvalidatedDocuments?) throws -> IssuerDocuments {
            let ring = KeyRing(
                endpoint: "one", owner: owner, revision: revision,
                keys: try keys.map { try ExampleEndpoint.ring($0).keys[0] },
                revoked: revoked.map { [KeyRing.RevokedKey(kid: TestKeys.ec.keyID, revoked: $0)] } ?? [],
                invalidated: invalidated, location: location)
            return IssuerDocuments(
                ring: ring, issuer: configuration.issuer, privateClaimNames: [], readingDue: readingDue)
        }
        let published = try documents(nil)
        guard isInvalidated else { return published }
        return try documents(
            .init(keys: published.keys.stamp.digest, discovery: published.discovery.stamp.digest))
    }
}

extension FakePublisher {
    /// Stores the documents of another gateway.
    func hold(_ documents: IssuerDocuments) {
        for document in documents.all {
            self[document.kind] = Object(content: document.content, stamp: document.stamp, version: 0)
        }
    }

    var puts: [IssuerDocumentKind] {
        calls.compactMap { call in
            if case .put(let document) = call { document } else { nil }
        }
    }
}
