import AWSXML
import GatewayPluginAPI

extension BucketClient {
    /// Deletes the bucket, which must be empty.
    func delete() async throws(CallFailure) { _ = try await send("DELETE", nil, action: "s3:DeleteBucket") }

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
        let isDeleteMarker: Bool
    }

    /// Returns the versions and delete markers of the bucket.
    ///
    /// - Parameters:
    ///   - prefix: of the keys.
    ///   - isEnough: called with each; after true no further page is read.
    func versions(
        prefix: String? = nil, until isEnough: (Version) -> Bool = { _ in false }
    ) async throws(CallFailure) -> [Version] {
        let call = call("s3:ListBucketVersions")
        let fixed = [HTTPHeaderField("max-keys", "100")] + (prefix.map { [HTTPHeaderField("prefix", $0)] } ?? [])
        var found: [Version] = []
        var position: [HTTPHeaderField] = []
        for _ in 0..<Self.maximumPages {
            let response = try await send(
                "GET", "versions", query: fixed + position, action: "s3:ListBucketVersions")
            let root = try AdministrationClient.document(response, call: call, limit: Self.maximumListLength)
            for child in root.children where child.name == "Version" || child.name == "DeleteMarker" {
                guard let key = child["Key"]?.text, let id = child["VersionId"]?.text else {
                    throw AdministrationClient.malformed(call, "Key and VersionId")
                }
                found.append(Version(key: key, id: id, isDeleteMarker: child.name == "DeleteMarker"))
            }
            if found.contains(where: isEnough) { return found }
            guard root["IsTruncated"]?.text == "true" else { return found }
            guard let key = root["NextKeyMarker"]?.text, !key.isEmpty else {
                throw AdministrationClient.malformed(call, "NextKeyMarker")
            }
            position = [HTTPHeaderField("key-marker", key)]
            if let id = root["NextVersionIdMarker"]?.text, !id.isEmpty {
                position.append(HTTPHeaderField("version-id-marker", id))
            }
        }
        throw AdministrationClient.malformed(call, "last page within \(Self.maximumPages) pages")
    }

    /// The key ring whose gateway has written a version; nil where it has no stamp.
    func owner(of version: Version) async throws(CallFailure) -> String? {
        let response = try await send(
            "HEAD", nil, key: version.key, query: [HTTPHeaderField("versionId", version.id)],
            action: "s3:GetObjectVersion")
        return response.header("x-amz-meta-sts-owner")
    }

    func delete(_ version: Version) async throws(CallFailure) {
        _ = try await send(
            "DELETE", nil, key: version.key, query: [HTTPHeaderField("versionId", version.id)],
            action: "s3:DeleteObjectVersion")
    }

    private static let maximumPages = 500
    /// In bytes. A page has a hundred versions with keys of at most 1,024 bytes.
    private static let maximumListLength = 1 << 19
}
