import Crypto
import FoundationEssentials
import GatewayPluginAPI
import Synchronization

/// The three calls of S3 that publishing needs (S3 API Reference: PutObject, HeadObject, GetObject).
struct S3Client: Sendable {
    /// Where the bucket is and how it is addressed.
    struct Place: Sendable {
        let bucket: BucketName
        let region: Region
        /// In place of the public service.
        let endpoint: ServiceEndpoint?
        let usesPathStyle: Bool
    }

    /// What S3 says of an object.
    struct Object: Sendable {
        /// With its quotes.
        let entityTag: String
        let length: Int
        let response: HTTPTransportResponse
    }

    let place: Place
    let caller: ServiceCaller
    private let region: CurrentRegion

    init(place: Place, caller: ServiceCaller) {
        self.place = place
        self.caller = caller
        region = CurrentRegion(place.region)
    }

    /// - Returns: nil where there is no such object, or where S3 does not tell (403: it is absent and the role may not
    ///   list the bucket, or it is forbidden; the PUT will tell).
    func head(_ key: String) async throws(PublishError) -> Object? {
        let call = "s3:HeadObject on \"\(place.bucket)/\(key)\""
        let response = try await send("HEAD", key, headers: Self.checksum, body: [], call)
        switch response.status {
        case 200:
            return try Self.object(response, response.header("content-length").flatMap(Int.init) ?? 0, call)
        // A HEAD's answer has no error document, so that an absent bucket looks like an absent object.
        case 403, 404: return nil
        // Expired credentials, most of all; a GET says so, and then they are renewed.
        case 400: return try await get(key)
        default: throw ServiceError(response).publishError(call, permission: "s3:GetObject")
        }
    }

    /// - Returns: nil where there is no such object.
    func get(_ key: String) async throws(PublishError) -> Object? {
        let call = "s3:GetObject on \"\(place.bucket)/\(key)\""
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
            throw PublishError(.malformed, "\(call): the answer has no ETag; is it S3 that answers?")
        }
        return Object(entityTag: tag, length: length, response: response)
    }

    /// - Parameter headers: content type, caching and metadata, and the condition.
    /// - Returns: the new entity tag.
    func put(_ key: String, _ body: [UInt8], headers: [HTTPHeaderField]) async throws(PublishError) -> String {
        let call = "s3:PutObject on \"\(place.bucket)/\(key)\""
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
            throw PublishError(.malformed, "\(call): the answer has no ETag; is it S3 that answers?")
        }
        return tag
    }

    /// Follows S3's word on the bucket's region, once: to the same bucket, signed anew.
    private func send(
        _ method: String, _ key: String, headers: [HTTPHeaderField], body: [UInt8], _ call: String
    ) async throws(PublishError) -> HTTPTransportResponse {
        let known = region.value
        let first = try await attempt(method, key, headers, body, in: known, call)
        guard first.status >= 300 else { return first }
        let error = ServiceError(first)
        guard error.isAboutRegion, let told = error.region.flatMap(Region.init), told != known,
            told.partition == known.partition
        else { return first }
        let second = try await attempt(method, key, headers, body, in: told, call)
        region.value = told
        return second
    }

    private func attempt(
        _ method: String, _ key: String, _ headers: [HTTPHeaderField], _ body: [UInt8], in region: Region,
        _ call: String
    ) async throws(PublishError) -> HTTPTransportResponse {
        let base = place.endpoint ?? ServiceEndpoint(host: "s3.\(region).\(region.partition.domain)")
        let isInHost = !place.usesPathStyle && place.bucket.fitsHostName
        let request = ServiceRequest(
            method: method, host: isInHost ? "\(place.bucket).\(base.authority)" : base.authority,
            path: base.path + (isInHost ? "" : "/\(place.bucket)") + "/\(key)", headers: headers, body: body)
        return try await caller.send(
            request, scheme: base.scheme, signer: RequestSigner(service: .s3, region: region.rawValue), call: call)
    }
}

/// The region that a bucket turned out to be in.
private final class CurrentRegion: Sendable {
    private let region: Mutex<Region>

    init(_ region: Region) { self.region = Mutex(region) }

    var value: Region {
        get { region.withLock { $0 } }
        set { region.withLock { $0 = newValue } }
    }
}
