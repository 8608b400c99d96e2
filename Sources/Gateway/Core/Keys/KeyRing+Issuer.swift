package import FoundationEssentials
package import GatewayPluginAPI
package import JOSE
import JSON

extension KeyRing {
    /// What is necessary to serve the endpoint's documents after it was removed from the configuration. It is recorded
    /// while the endpoint is configured.
    package struct IssuerRecord: Sendable, Equatable, Codable {
        /// The host and the path of the issuer.
        package let host: String
        package let issuerPath: String
        /// As ``Issuer/jwksPath``.
        package let jwksPath: String?
        /// The path of the endpoint.
        package let path: String
        /// The content of the discovery document.
        package let discovery: String
        /// The `max-age` of the documents in seconds.
        package let maxAge: Int
        /// Seconds from the last signature until no token of the endpoint can be valid.
        package let retention: Int
        /// When the leader has found the endpoint removed; nil while it is configured.
        package internal(set) var removed: Date?

        package init(
            issuer: Issuer, path: String, discovery: String, maxAge: Int, retention: Int, removed: Date? = nil
        ) {
            host = issuer.host
            issuerPath = issuer.path
            jwksPath = issuer.jwksPath
            self.path = path
            self.discovery = discovery
            self.maxAge = maxAge
            self.retention = retention
            self.removed = removed
        }

        /// nil where the stored record is not valid.
        package var issuer: Issuer? { Issuer(host: host, path: issuerPath, jwksPath: jwksPath) }
    }

    /// Records what is known of the endpoint and its publication.
    ///
    /// - Parameters:
    ///   - location: where this ring has published; nil where that is not known.
    ///   - invalidated: the documents whose invalidation is complete; nil where that is not known.
    ///   - handedOver: the keys that a relying party holds.
    /// - Returns: nil where the ring has all of it already.
    package func recording(
        _ record: IssuerRecord?, location: String?, invalidated: InvalidatedDocuments?, handedOver: Set<KeyID> = []
    ) -> KeyRing? {
        let (issuer, location) = (record ?? issuer, location ?? self.location)
        let invalidated = invalidated ?? self.invalidated
        let added = keys.map(\.keyID).filter { handedOver.contains($0) && !self.handedOver.contains($0) }
        guard issuer != self.issuer || location != self.location || invalidated != self.invalidated || !added.isEmpty
        else { return nil }
        return changed { ring in
            ring.remember(added)
            ring.issuer = issuer
            ring.location = location
            ring.invalidated = invalidated
        }
    }

    /// Records that the endpoint is not configured any more.
    ///
    /// - Returns: nil where that is recorded, with a time that is not in the future, or where no issuer is recorded.
    package func recordingRemoval(at now: Date) -> KeyRing? {
        guard let issuer, issuer.removed.map({ $0.timeIntervalSince(now) > ClockReading.tolerance }) ?? true else {
            return nil
        }
        return changed { $0.issuer?.removed = now.wholeSecond }
    }

    /// When the last token of an endpoint that was removed from the configuration has expired; nil where no removal is
    /// recorded.
    package var tokensEnd: Date? {
        issuer.flatMap { record in record.removed?.addingTimeInterval(Double(record.retention)) }
    }

    /// The documents of an endpoint that was removed from the configuration; nil where none were recorded.
    package var recordedDocuments: IssuerDocuments? {
        issuer.map { record in
            IssuerDocuments(
                ring: self, keys: publicKeys.json.utf8Text, discovery: Array(record.discovery.utf8),
                jwksPath: record.jwksPath)
        }
    }
}

extension KeyRing.InvalidatedDocuments {
    /// The documents whose invalidation is complete.
    package init(_ documents: IssuerDocuments) {
        self.init(
            keys: documents.keys.stamp.digest, discovery: documents.discovery.stamp.digest,
            namedKeys: documents.namedKeys.map { [$0.kind.path: $0.stamp.digest] })
    }

    /// The digest of a document; nil where its invalidation is not complete.
    package subscript(_ kind: IssuerDocumentKind) -> String? {
        switch kind {
        case .keys: keys
        case .namedKeys(let path): namedKeys?[path]
        case .discovery: discovery
        }
    }
}
