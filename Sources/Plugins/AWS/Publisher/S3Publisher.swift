import FoundationEssentials
import GatewayPluginAPI
import Synchronization

/// The two documents as objects of a bucket, with their stamp in the metadata. No ACL is sent: buckets refuse them by
/// default, and reading is the bucket policy's to allow.
struct S3Publisher: DiscoveryPublisher {
    let plan: PublishPlan
    let client: S3Client
    let edgeCache: (any EdgeCacheInvalidating)?
    /// Of a document in caches, in seconds.
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
        guard let stamp, isServedRight(object.response) else {
            return StoredDocument(
                version: object.entityTag, stamp: stamp.map { Self.with("", $0) }, length: object.length)
        }
        if let digest = try await digest(of: object, at: key) {
            return StoredDocument(
                version: object.entityTag, stamp: Self.with(digest, stamp), length: object.length)
        }
        return nil
    }

    /// By S3's own checksum; where it keeps none, by reading what is there, once for each entity tag.
    ///
    /// - Returns: nil where the object is gone by now.
    private func digest(of object: S3Client.Object, at key: String) async throws(PublishError) -> String? {
        if let checksum = object.response.header("x-amz-checksum-sha256"), let bytes = Data(base64Encoded: checksum) {
            return RequestSigner.hexadecimal(bytes)
        }
        if let known = read[key], known.entityTag == object.entityTag { return known.digest }
        guard let whole = try await client.get(key) else { return nil }
        let digest = DocumentStamp.digest(of: whole.response.body)
        read[key] = (whole.entityTag, digest)
        // Another object than the one that was asked about is one to look at anew.
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

    private func isServedRight(_ response: HTTPTransportResponse) -> Bool {
        response.header("content-type") == Self.contentType && response.header("cache-control") == cacheControl
    }

    /// What the metadata says.
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

/// Digests of objects that were read whole, by their keys.
private final class ReadObjects: Sendable {
    private let objects = Mutex<[String: (entityTag: String, digest: String)]>([:])

    subscript(key: String) -> (entityTag: String, digest: String)? {
        get { objects.withLock { $0[key] } }
        set { objects.withLock { $0[key] = newValue } }
    }
}

extension PublishPlan {
    /// An object's key: the distribution's origin path, the issuer's path, the document's.
    func key(of document: IssuerDocumentKind) -> String {
        let path = (issuerPath + document.path).dropFirst()
        return keyPrefix.isEmpty ? String(path) : "\(keyPrefix)/\(path)"
    }
}
