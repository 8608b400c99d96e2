import AWSXML
import Crypto
import FoundationEssentials
import GatewayPluginAPI

/// An S3 client for the settings of one bucket (S3 API Reference). Every call but CreateBucket names the bucket's expected
/// owner, so that a bucket of the same name in another account is never read or changed.
struct BucketClient: Sendable {
    let bucket: BucketName
    let region: Region
    /// The account that must own the bucket.
    let account: String
    let service: AdministrationClient
    let usesPathStyle: Bool

    enum Existence: Sendable, Equatable { case absent, present }

    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    func head() async throws(CallFailure) -> Existence {
        do {
            _ = try await send("HEAD", nil, action: "s3:ListBucket")
            return .present
        } catch {
            guard error.status == 404 else { throw error }
            return .absent
        }
    }

    /// The body of CreateBucket; nil in us-east-1, which is not given as a location.
    var createBody: XMLElement? {
        region.rawValue == "us-east-1"
            ? nil : .tree("CreateBucketConfiguration", [.text("LocationConstraint", region.rawValue)])
    }

    func create() async throws(CallFailure) {
        _ = try await send(
            "PUT", nil, body: createBody, headers: [HTTPHeaderField("x-amz-object-ownership", "BucketOwnerEnforced")],
            expectsOwner: false, action: "s3:CreateBucket")
    }

    func delete() async throws(CallFailure) { _ = try await send("DELETE", nil, action: "s3:DeleteBucket") }

    /// Reads a setting; nil where the bucket has none.
    ///
    /// - Parameters:
    ///   - subresource: such as `versioning`.
    ///   - absent: the error codes of a bucket without the setting.
    func setting(
        _ subresource: String, absent: Set<String> = [], action: String
    ) async throws(CallFailure) -> HTTPTransportResponse? {
        do {
            return try await send("GET", subresource, action: action)
        } catch {
            if let code = error.code, absent.contains(code) { return nil }
            throw error
        }
    }

    func put(_ subresource: String, _ body: XMLElement, action: String) async throws(CallFailure) {
        _ = try await send("PUT", subresource, body: body, action: action)
    }

    func put(policy: [UInt8]) async throws(CallFailure) {
        _ = try await send("PUT", "policy", bytes: policy, action: "s3:PutBucketPolicy")
    }

    func deletePolicy() async throws(CallFailure) {
        _ = try await send("DELETE", "policy", action: "s3:DeleteBucketPolicy")
    }

    func deleteTags() async throws(CallFailure) {
        _ = try await send("DELETE", "tagging", action: "s3:PutBucketTagging")
    }

    /// A version of an object, or a delete marker.
    struct Version: Sendable, Equatable {
        let key: String
        let id: String
    }

    /// Returns all versions and delete markers of the bucket, at most 10,000.
    func versions() async throws(CallFailure) -> [Version] {
        var found: [Version] = []
        var position: [HTTPHeaderField] = []
        for _ in 0..<10 {
            let call = call("s3:ListBucketVersions")
            let response = try await send("GET", "versions", query: position, action: "s3:ListBucketVersions")
            let root = try AdministrationClient.document(response, call: call)
            for child in root.children where child.name == "Version" || child.name == "DeleteMarker" {
                guard let key = child["Key"]?.text, let id = child["VersionId"]?.text else { continue }
                found.append(Version(key: key, id: id))
            }
            guard root["IsTruncated"]?.text == "true" else { return found }
            guard let key = root["NextKeyMarker"]?.text else {
                throw AdministrationClient.malformed(call, "NextKeyMarker")
            }
            position = [HTTPHeaderField("key-marker", key)]
            if let id = root["NextVersionIdMarker"]?.text {
                position.append(HTTPHeaderField("version-id-marker", id))
            }
        }
        return found
    }

    func delete(_ version: Version) async throws(CallFailure) {
        _ = try await send(
            "DELETE", nil, key: version.key, query: [HTTPHeaderField("versionId", version.id)],
            action: "s3:DeleteObjectVersion")
    }

    /// The request as it is sent, for a plan.
    func text(_ method: String, _ subresource: String?, _ body: String?) -> String {
        "\(method) \(service.endpoint.scheme)://\(host)\(path)\(subresource.map { "?\($0)" } ?? "")"
            + (body.map { "\n\($0)" } ?? "")
    }

    private var isInHost: Bool { !usesPathStyle && bucket.isHostLabel }
    private var host: String { (isInHost ? "\(bucket)." : "") + service.endpoint.authority }
    private var path: String { isInHost ? "/" : "/\(bucket)" }

    private func call(_ action: String) -> String { "\(action) on \"\(bucket)\"" }

    private func send(
        _ method: String, _ subresource: String?, key: String? = nil, query: [HTTPHeaderField] = [],
        body: XMLElement? = nil, bytes: [UInt8]? = nil, headers: [HTTPHeaderField] = [], expectsOwner: Bool = true,
        action: String
    ) async throws(CallFailure) -> HTTPTransportResponse {
        let content = bytes ?? body?.document(namespace: Self.namespace) ?? []
        var headers = headers
        if expectsOwner { headers.append(HTTPHeaderField("x-amz-expected-bucket-owner", account)) }
        if !content.isEmpty {
            let type = bytes == nil ? "application/xml" : "application/json"
            headers.append(HTTPHeaderField("Content-Type", type))
            headers.append(HTTPHeaderField("x-amz-sdk-checksum-algorithm", "SHA256"))
            headers.append(
                HTTPHeaderField("x-amz-checksum-sha256", Data(SHA256.hash(data: content)).base64EncodedString()))
        }
        return try await service.send(
            method, key.map { (isInHost ? "" : "/\(bucket)") + "/\($0)" } ?? path,
            query: (subresource.map { [HTTPHeaderField($0, "")] } ?? []) + query, headers: headers, body: content,
            host: host, call: call(action))
    }
}
