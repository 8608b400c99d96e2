import GatewayPluginAPI

/// A place for the two documents in a bucket of Cloud Storage.
struct BucketLocation: Sendable, Equatable, CustomStringConvertible {
    let bucket: String
    /// Of the objects' names, with a final slash unless it is empty.
    let prefix: String
    /// Where the documents are, for messages and for the comparison of endpoints.
    let description: String

    /// The host that serves `/BUCKET/OBJECT`. The one that serves `/OBJECT` is `BUCKET.` before it.
    static let host = "storage.googleapis.com"

    /// - Parameter errors: gets what is wrong.
    /// - Returns: nil where `publish.bucket` is absent or something is wrong.
    init?(_ settings: GCPProvider.PublisherSettings, issuer: Issuer, errors: inout [SettingsError]) {
        let count = errors.count
        guard let bucket = settings.bucket else {
            if settings.prefix != nil {
                errors.append(SettingsError("publish.prefix", "needs publish.bucket; set it, or remove the key"))
            }
            return nil
        }
        if !Self.isBucket(bucket) {
            errors.append(
                SettingsError(
                    "publish.bucket",
                    "invalid bucket \(Quotation.of(bucket)); expected 3 to 63 lower-case letters, digits, \"-\", \"_\" and "
                        + "\".\", not beginning with goog"))
        }
        let given = settings.prefix ?? ""
        let segments = given.split(separator: "/")
        if given.utf8.count > 256 || !given.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            || segments.contains(where: { $0 == "." || $0 == ".." })
        {
            errors.append(
                SettingsError(
                    "publish.prefix",
                    "invalid prefix \(Quotation.of(given)); expected printable ASCII without . and .., 256 characters at "
                        + "most, such as issuers/one"))
        }
        var path = issuer.path
        if issuer.host == Self.host {
            // The host has the bucket in the path.
            if path != "/\(bucket)", !path.hasPrefix("/\(bucket)/") {
                errors.append(
                    SettingsError(
                        "issuer.path",
                        "the host \(Self.host) serves the bucket at /\(bucket); begin issuer.path with it, or use the host "
                            + "\(bucket).\(Self.host)"))
            }
            path = String(path.dropFirst(bucket.utf8.count + 1))
        } else if issuer.host.hasSuffix(".\(Self.host)"), issuer.host != "\(bucket).\(Self.host)" {
            errors.append(
                SettingsError(
                    "issuer.host", "serves another bucket than publish.bucket; expected \(bucket).\(Self.host)"))
        }
        guard errors.count == count else { return nil }
        self.bucket = bucket
        let parts = segments + path.split(separator: "/")
        prefix = parts.isEmpty ? "" : parts.joined(separator: "/") + "/"
        description = "gs://\(bucket)" + (parts.isEmpty ? "" : "/" + parts.joined(separator: "/"))
    }

    /// The name of a document's object.
    func object(of document: IssuerDocumentKind) -> String { prefix + document.path.dropFirst() }

    /// Whether the text can be the name of a bucket (Cloud Storage, "About Cloud Storage buckets", naming requirements).
    static func isBucket(_ text: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8?) -> Bool { byte.map { ResourceID.isOfID($0) && $0 != 0x2D } ?? false }
        return (3...63).contains(text.utf8.count) && isAlphanumeric(text.utf8.first) && isAlphanumeric(text.utf8.last)
            && text.utf8.allSatisfy { ResourceID.isOfID($0) || "._".utf8.contains($0) } && !text.contains("..")
            && !text.hasPrefix("goog") && !text.contains("google")
            && !text.split(separator: ".").allSatisfy { $0.utf8.allSatisfy(ResourceID.isDigit) }
    }
}
