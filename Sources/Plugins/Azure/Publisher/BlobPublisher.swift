import GatewayPluginAPI
import Synchronization

/// The two documents as block blobs, with their stamp in the metadata.
struct BlobPublisher: DiscoveryPublisher {
    let plan: BlobPublishPlan
    let client: BlobClient
    /// `max-age` of the documents, in seconds.
    let maximumAge: Int
    private let known = KnownBlobs()

    init(plan: BlobPublishPlan, client: BlobClient, maximumAge: Int) {
        self.plan = plan
        self.client = client
        self.maximumAge = maximumAge
    }

    var location: String { plan.location }

    /// The content is read once for each entity tag: Blob Storage has no SHA-256 of it.
    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        let url = plan.url(of: document)
        let before = known[url]
        let response = try await client.get(url, unless: before?.version)
        switch response.status {
        case 304: return before
        case 404:
            known[url] = nil
            return nil
        default: break
        }
        guard let tag = response.header("ETag"), !tag.isEmpty else {
            throw PublishError(.malformed, "GET \(url): the response has no ETag; check publish.endpoints.blob")
        }
        var stamp: DocumentStamp?
        if let owner = response.header(Self.owner), let revision = response.header(Self.revision).flatMap(Int.init) {
            let digest = hasExpectedHeaders(response) ? DocumentStamp.digest(of: response.body) : ""
            stamp = DocumentStamp(owner: owner, revision: revision, digest: digest)
        }
        let found = StoredDocument(version: tag, stamp: stamp, length: response.body.count)
        known[url] = found
        return found
    }

    func content(of document: IssuerDocumentKind) async throws(PublishError) -> [UInt8]? {
        let response = try await client.get(plan.url(of: document), unless: nil)
        return response.status == 200 ? response.body : nil
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        let precondition =
            switch condition {
            case .absent: HTTPHeaderField("If-None-Match", "*")
            case .version(let tag): HTTPHeaderField("If-Match", tag)
            }
        return try await client.put(
            plan.url(of: document), content,
            headers: [
                HTTPHeaderField("Content-Type", Self.contentType),
                HTTPHeaderField("x-ms-blob-content-type", Self.contentType),
                HTTPHeaderField("x-ms-blob-cache-control", cacheControl), HTTPHeaderField(Self.owner, stamp.owner),
                HTTPHeaderField(Self.revision, "\(stamp.revision)"), precondition,
            ])
    }

    private static let contentType = "application/json"
    // Names of metadata are identifiers of C#: without a hyphen.
    private static let owner = "x-ms-meta-sts_owner"
    private static let revision = "x-ms-meta-sts_revision"
    private var cacheControl: String { "max-age=\(maximumAge)" }

    private func hasExpectedHeaders(_ response: HTTPTransportResponse) -> Bool {
        response.header("Content-Type") == Self.contentType && response.header("Cache-Control") == cacheControl
    }
}

/// The state of blobs that were read, by URL.
private final class KnownBlobs: Sendable {
    private let blobs = Mutex<[String: StoredDocument]>([:])

    subscript(url: String) -> StoredDocument? {
        get { blobs.withLock { $0[url] } }
        set { blobs.withLock { $0[url] = newValue } }
    }
}
