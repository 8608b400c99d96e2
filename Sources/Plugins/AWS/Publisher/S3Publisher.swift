import FoundationEssentials
import GatewayPluginAPI
import Synchronization

/// The two documents as objects of a bucket, with their stamp in the metadata. No ACL is sent: buckets reject ACLs by
/// default, and the bucket policy allows reading.
struct S3Publisher: DiscoveryPublisher {
    let plan: PublishPlan
    let client: S3Client
    let edgeCache: (any EdgeCacheInvalidating)?
    /// `max-age` of the documents, in seconds.
    let maximumAge: Int
    private let read = ReadObjects()

    init(
        plan: PublishPlan, client: S3Client, edgeCache: (any EdgeCacheInvalidating)?, maximumAge: Int
    ) {
        self.plan = plan
        self.client = client
        self.edgeCache = edgeCache
        self.maximumAge = maximumAge
    }

    var location: String { plan.name }

    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        let key = plan.key(of: document)
        guard let object = try await client.head(key) else { return nil }
        let stamp = Self.stamp(object.response)
        guard let stamp, hasExpectedHeaders(object.response) else {
            return StoredDocument(
                version: object.entityTag, stamp: stamp.map { Self.with("", $0) }, length: object.length)
        }
        if let digest = try await digest(of: object, at: key) {
            return StoredDocument(
                version: object.entityTag, stamp: Self.with(digest, stamp), length: object.length)
        }
        return nil
    }

    func content(of document: IssuerDocumentKind) async throws(PublishError) -> [UInt8]? {
        try await client.get(plan.key(of: document))?.response.body
    }

    /// The digest by S3's own checksum; where S3 has none, by reading the object, once for each entity tag.
    ///
    /// - Returns: nil where the object does not exist any more.
    private func digest(of object: S3Client.Object, at key: String) async throws(PublishError) -> String? {
        if let checksum = object.response.header("x-amz-checksum-sha256"), let bytes = Data(base64Encoded: checksum) {
            return SigV4Signer.hexadecimal(bytes)
        }
        if let known = read[key], known.entityTag == object.entityTag { return known.digest }
        guard let whole = try await client.get(key) else { return nil }
        let digest = DocumentStamp.digest(of: whole.response.body)
        read[key] = (whole.entityTag, digest)
        // The object was replaced between HEAD and GET: an empty digest makes the core write or look again.
        return whole.entityTag == object.entityTag ? digest : ""
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        var headers = [
            HTTPHeaderField("Content-Type", Self.contentType), HTTPHeaderField("Cache-Control", cacheControl),
            HTTPHeaderField("x-amz-meta-sts-owner", stamp.owner),
            HTTPHeaderField("x-amz-meta-sts-revision", "\(stamp.revision)"),
        ]
        headers += plan.encryption?.headers ?? []
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

    /// A denied HEAD looks like an absent object. The conflict of the write that follows is then a missing permission, not
    /// another writer.
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

    private func hasExpectedHeaders(_ response: HTTPTransportResponse) -> Bool {
        response.header("content-type") == Self.contentType && response.header("cache-control") == cacheControl
    }

    /// The stamp in the metadata, without a digest.
    private static func stamp(_ response: HTTPTransportResponse) -> DocumentStamp? {
        guard let owner = response.header("x-amz-meta-sts-owner"),
            let revision = response.header("x-amz-meta-sts-revision").flatMap(Int.init)
        else { return nil }
        return DocumentStamp(owner: owner, revision: revision, digest: "")
    }

    private static func with(_ digest: String, _ stamp: DocumentStamp) -> DocumentStamp {
        DocumentStamp(owner: stamp.owner, revision: stamp.revision, digest: digest)
    }
}

/// The digests of objects that were read, by key.
private final class ReadObjects: Sendable {
    private let objects = Mutex<[String: (entityTag: String, digest: String)]>([:])

    subscript(key: String) -> (entityTag: String, digest: String)? {
        get { objects.withLock { $0[key] } }
        set { objects.withLock { $0[key] = newValue } }
    }
}

extension PublishPlan {
    /// The key of an object: the prefix, the issuer's path, the document's path.
    func key(of document: IssuerDocumentKind) -> String {
        let path = (issuerPath + document.path).dropFirst()
        return keyPrefix.isEmpty ? String(path) : "\(keyPrefix)/\(path)"
    }
}
