import Crypto
import FoundationEssentials
import GatewayPluginAPI

/// The two documents as objects of a bucket, with their stamp in the metadata. No ACL is sent: buckets refuse them by
/// default, and reading is the bucket policy's to allow.
struct S3Publisher: DiscoveryPublisher {
    let plan: PublishPlan
    let client: S3Client
    let edgeCache: (any EdgeCacheInvalidating)?
    /// Of a document in caches, in seconds.
    let maximumAge: Int

    var place: String { plan.name }

    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        guard let object = try await client.head(plan.key(of: document)) else { return nil }
        return StoredDocument(
            version: object.entityTag, stamp: stamp(object.response), length: object.length)
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        var headers = [
            HTTPHeaderField("Content-Type", Self.contentType), HTTPHeaderField("Cache-Control", cacheControl),
            HTTPHeaderField("x-amz-meta-sts-owner", stamp.owner),
            HTTPHeaderField("x-amz-meta-sts-revision", "\(stamp.revision)"),
            HTTPHeaderField("x-amz-meta-sts-digest", stamp.digest),
        ]
        switch condition {
        case .absent: headers.append(HTTPHeaderField("If-None-Match", "*"))
        case .version(let tag): headers.append(HTTPHeaderField("If-Match", tag))
        }
        let key = plan.key(of: document)
        do {
            return try await client.put(key, content, headers: headers)
        } catch {
            guard error.kind == .conflict, condition == .absent else { throw error }
            throw await reason(of: error, at: key)
        }
    }

    /// A HEAD that was refused looks like an absent object. What a write then meets is no other writer, but a
    /// permission that lacks.
    private func reason(of conflict: PublishError, at key: String) async -> PublishError {
        do {
            _ = try await client.get(key)
            return conflict
        } catch {
            return error.kind == .denied ? error : conflict
        }
    }

    static let contentType = "application/json"
    private var cacheControl: String { "max-age=\(maximumAge)" }

    /// What the metadata says, but for the digest: where S3 keeps a checksum of the content that is another one, or the
    /// object is not served as it must be, the stamp's is taken away, so that the document is written anew.
    private func stamp(_ response: HTTPTransportResponse) -> DocumentStamp? {
        guard let owner = response.header("x-amz-meta-sts-owner"),
            let revision = response.header("x-amz-meta-sts-revision").flatMap(Int.init),
            var digest = response.header("x-amz-meta-sts-digest")
        else { return nil }
        if let checksum = response.header("x-amz-checksum-sha256"), let bytes = Data(base64Encoded: checksum),
            RequestSigner.hexadecimal(bytes) != digest
        {
            digest = ""
        }
        if response.header("content-type") != Self.contentType || response.header("cache-control") != cacheControl {
            digest = ""
        }
        return DocumentStamp(owner: owner, revision: revision, digest: digest)
    }
}

extension PublishPlan {
    /// An object's key: the distribution's origin path, the issuer's path, the document's.
    func key(of document: IssuerDocumentKind) -> String {
        let path = (issuerPath + document.path).dropFirst()
        return keyPrefix.isEmpty ? String(path) : "\(keyPrefix)/\(path)"
    }
}
