import Crypto
import FoundationEssentials
import GatewayPluginAPI
import Synchronization

/// An S3 client with the three calls that publishing needs (S3 API Reference: PutObject, HeadObject, GetObject).
struct S3Client: Sendable {
    /// A bucket and how it is addressed.
    struct Location: Sendable {
        let bucket: BucketName
        let region: Region
        /// An override of the public endpoint.
        let endpoint: ServiceEndpoint?
        let usesPathStyle: Bool
        /// The account that must own the bucket; nil where it is not known.
        var account: String?
    }

    /// The state of an object.
    struct Object: Sendable {
        /// With its quotation marks, as in a header field.
        let entityTag: String
        let length: Int
        let response: HTTPTransportResponse
    }

    let location: Location
    let client: AWSClient
    private let region: CurrentRegion

    init(location: Location, client: AWSClient) {
        self.location = location
        self.client = client
        region = CurrentRegion(location.region)
    }

    /// - Returns: nil where the object does not exist, or where that is unknown (403: it is absent and the role may not list
    ///   the bucket, or reading is denied; the PUT decides).
    func head(_ key: String) async throws(PublishError) -> Object? {
        let call = "s3:HeadObject on \"\(location.bucket)/\(key)\""
        let response = try await send("HEAD", key, headers: Self.checksum, body: [], call)
        switch response.status {
        case 200:
            return try Self.object(response, response.header("content-length").flatMap(Int.init) ?? 0, call)
        // The response to a HEAD has no error document: an absent bucket looks like an absent object.
        case 403, 404: return nil
        // Mostly expired credentials: a GET returns the error document, and then they are renewed.
        case 400: return try await get(key)
        default: throw ServiceError(response).publishError(call, permission: "s3:GetObject")
        }
    }

    /// - Returns: nil where the object does not exist.
    func get(_ key: String) async throws(PublishError) -> Object? {
        let call = "s3:GetObject on \"\(location.bucket)/\(key)\""
        let response = try await send("GET", key, headers: Self.checksum, body: [], call)
        if response.status == 200 { return try Self.object(response, response.body.count, call) }
        let error = ServiceError(response)
        if error.code == "NoSuchKey" { return nil }
        throw error.publishError(call, permission: "s3:GetObject")
    }

    private static let checksum = [HTTPHeaderField("x-amz-checksum-mode", "ENABLED")]

    private static func object(
        _ response: HTTPTransportResponse, _ length: Int, _ call: String
    ) throws(PublishError) -> Object {
        guard let tag = response.header("etag"), !tag.isEmpty else {
            throw PublishError(.malformed, "\(call): the response has no ETag; check that the endpoint is S3")
        }
        return Object(entityTag: tag, length: length, response: response)
    }

    /// - Parameter headers: content type, caching, metadata and condition.
    /// - Returns: the new entity tag.
    func put(_ key: String, _ body: [UInt8], headers: [HTTPHeaderField]) async throws(PublishError) -> String {
        let call = "s3:PutObject on \"\(location.bucket)/\(key)\""
        let checksum = Data(SHA256.hash(data: body)).base64EncodedString()
        let response = try await send(
            "PUT", key,
            headers: headers + [
                HTTPHeaderField("x-amz-sdk-checksum-algorithm", "SHA256"),
                HTTPHeaderField("x-amz-checksum-sha256", checksum),
            ], body: body, call)
        guard response.status == 200 else {
            throw ServiceError(response).publishError(call, permission: "s3:PutObject")
        }
        guard let tag = response.header("etag"), !tag.isEmpty else {
            throw PublishError(.malformed, "\(call): the response has no ETag; check that the endpoint is S3")
        }
        return tag
    }

    /// Sends a request, and once more with a new signature where S3 returns another region for the bucket.
    private func send(
        _ method: String, _ key: String, headers: [HTTPHeaderField], body: [UInt8], _ call: String
    ) async throws(PublishError) -> HTTPTransportResponse {
        let known = region.value
        let first = try await attempt(method, key, headers, body, in: known, call)
        guard first.status >= 300 else { return first }
        let error = ServiceError(first)
        guard error.isAboutRegion, let actual = error.region.flatMap({ Region($0, in: known.partition) }),
            actual != known
        else { return first }
        let second = try await attempt(method, key, headers, body, in: actual, call)
        region.value = actual
        return second
    }

    private func attempt(
        _ method: String, _ key: String, _ headers: [HTTPHeaderField], _ body: [UInt8], in region: Region,
        _ call: String
    ) async throws(PublishError) -> HTTPTransportResponse {
        let base = location.endpoint ?? ServiceEndpoint(host: "s3.\(region).\(region.partition.domain)")
        let isInHost = !location.usesPathStyle && location.bucket.isHostLabel
        let owner = location.account.map { [HTTPHeaderField("x-amz-expected-bucket-owner", $0)] } ?? []
        let request = ServiceRequest(
            method: method, host: isInHost ? "\(location.bucket).\(base.authority)" : base.authority,
            path: base.path + (isInHost ? "" : "/\(location.bucket)") + "/\(key)", headers: headers + owner,
            body: body)
        return try await client.send(
            request, scheme: base.scheme, signer: SigV4Signer(service: .s3, region: region.rawValue), call: call)
    }
}

/// The region of a bucket: the configured one, until S3 returns another.
private final class CurrentRegion: Sendable {
    private let region: Mutex<Region>

    init(_ region: Region) { self.region = Mutex(region) }

    var value: Region {
        get { region.withLock { $0 } }
        set { region.withLock { $0 = newValue } }
    }
}
