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

    /// The request as it is sent, for a plan.
    func text(_ method: String, _ subresource: String?, _ body: String?) -> String {
        "\(method) \(service.endpoint.scheme)://\(host)\(path)\(subresource.map { "?\($0)" } ?? "")"
            + (body.map { "\n\($0)" } ?? "")
    }

    private var isInHost: Bool { !usesPathStyle && bucket.isHostLabel }
    private var host: String { (isInHost ? "\(bucket)." : "") + service.endpoint.authority }
    private var path: String { isInHost ? "/" : "/\(bucket)" }

    func call(_ action: String) -> String { "\(action) on \"\(bucket)\"" }

    func send(
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
