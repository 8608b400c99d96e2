import CloudAPI
import Crypto
import FoundationEssentials
import GatewayPluginAPI
import JSON
import Synchronization

/// The two documents as objects of a bucket (Cloud Storage JSON API v1), with their stamp in the metadata. The version of
/// an object is its generation.
struct BucketPublisher: DiscoveryPublisher {
    let location: String
    let place: BucketLocation
    let client: GoogleClient
    /// `max-age` of the documents, in seconds.
    let maximumAge: Int
    private let digests = KnownDigests()

    init(place: BucketLocation, client: GoogleClient, maximumAge: Int) {
        self.place = place
        self.client = client
        self.maximumAge = maximumAge
        location = place.description
    }

    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        guard let object = try await metadata(of: document), let generation = object["generation"]?.stringValue else {
            return nil
        }
        let length = object["size"]?.stringValue.flatMap { Int($0) } ?? 0
        guard let owner = object["metadata"]?[Self.ownerKey]?.stringValue,
            let revision = object["metadata"]?[Self.revisionKey]?.stringValue.flatMap({ Int($0) })
        else { return StoredDocument(version: generation, stamp: nil, length: length) }
        var digest = ""
        if object["contentType"]?.stringValue == Self.contentType,
            object["cacheControl"]?.stringValue == "max-age=\(maximumAge)", object["contentEncoding"] == nil
        {
            guard let found = try await self.digest(of: document, generation) else { return nil }
            digest = found
        }
        return StoredDocument(
            version: generation, stamp: DocumentStamp(owner: owner, revision: revision, digest: digest),
            length: length)
    }

    func content(of document: IssuerDocumentKind) async throws(PublishError) -> [UInt8]? {
        try await media(document, generation: nil)
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        let name = place.object(of: document)
        let generation =
            switch condition {
            case .absent: "0"
            case .version(let version): version
            }
        guard generation.utf8.allSatisfy(ResourceID.isDigit) else {
            throw PublishError(.conflict, "no object has the generation \(Quotation.of(generation))")
        }
        let metadata: JSONValue = [
            "name": .string(name), "contentType": .string(Self.contentType),
            "cacheControl": .string("max-age=\(maximumAge)"),
            "metadata": [
                Self.ownerKey: .string(stamp.owner), Self.revisionKey: .string("\(stamp.revision)"),
            ],
        ]
        // A digest of the content cannot occur in the content.
        let boundary = "sts-\(stamp.digest)"
        var call = JSONService.Call(
            "POST",
            "\(client.services.storage)/upload/storage/v1/b/\(place.bucket)/o?uploadType=multipart&ifGenerationMatch="
                + generation, call: "upload of gs://\(place.bucket)/\(name)")
        call.headers.append(HTTPHeaderField("Content-Type", "multipart/related; boundary=\(boundary)"))
        call.body =
            Array("--\(boundary)\r\nContent-Type: application/json\r\n\r\n".utf8) + metadata.utf8Text
            + Array("\r\n--\(boundary)\r\nContent-Type: \(Self.contentType)\r\n\r\n".utf8) + content
            + Array("\r\n--\(boundary)--\r\n".utf8)
        let answer = try await client.send(
            call, expected: [404], advice: "grant roles/storage.objectUser on the bucket to the gateway's principal")
        guard answer.status != 404 else { throw noBucket }
        guard let written = answer.json["generation"]?.stringValue else {
            throw PublishError(.malformed, "\(call.call): the response has no generation")
        }
        // The checksum is that of what is stored.
        if answer.json["md5Hash"]?.stringValue == Data(Insecure.MD5.hash(data: content)).base64EncodedString() {
            digests[document] = (written, stamp.digest)
        }
        return written
    }

    private static let contentType = "application/json"
    private static let ownerKey = "sts-owner"
    private static let revisionKey = "sts-revision"

    private var noBucket: PublishError {
        PublishError(.misconfigured, "the bucket \(place.bucket) does not exist; create it, or correct publish.bucket")
    }

    private func url(_ document: IssuerDocumentKind) -> String {
        "\(client.services.storage)/storage/v1/b/\(place.bucket)/o/\(PercentEncoding.value(place.object(of: document)))"
    }

    /// nil where the object does not exist. A bucket that does not exist is found by the write.
    private func metadata(of document: IssuerDocumentKind) async throws(PublishError) -> JSONValue? {
        let answer = try await client.send(
            JSONService.Call("GET", url(document)), expected: [404],
            advice: "grant roles/storage.objectUser on the bucket to the gateway's principal")
        return answer.status == 404 ? nil : answer.json
    }

    /// The digest of the content, which is read once for each generation.
    private func digest(of document: IssuerDocumentKind, _ generation: String) async throws(PublishError) -> String? {
        if let known = digests[document], known.generation == generation { return known.digest }
        guard let content = try await media(document, generation: generation) else { return nil }
        let digest = DocumentStamp.digest(of: content)
        digests[document] = (generation, digest)
        return digest
    }

    private func media(_ document: IssuerDocumentKind, generation: String?) async throws(PublishError) -> [UInt8]? {
        let query = "?alt=media" + (generation.map { "&generation=\(PercentEncoding.value($0))" } ?? "")
        // Whatever is stored need not be JSON.
        let answer = try await client.send(
            JSONService.Call("GET", url(document) + query), expected: [200, 404])
        return answer.status == 404 ? nil : answer.response.body
    }
}

/// The digests of contents that were read or written, by document.
private final class KnownDigests: Sendable {
    private let known = Mutex<[IssuerDocumentKind: (generation: String, digest: String)]>([:])

    subscript(document: IssuerDocumentKind) -> (generation: String, digest: String)? {
        get { known.withLock { $0[document] } }
        set { known.withLock { $0[document] = newValue } }
    }
}

extension PublishPlan {
    func publisher(_ place: BucketLocation, _ context: PublisherContext) -> any DiscoveryPublisher {
        BucketPublisher(place: place, client: client(context), maximumAge: context.maximumAge)
    }
}
