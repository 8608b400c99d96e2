import GatewayPluginAPI

/// How S3 encrypts the objects of a PutObject (S3 User Guide, "Protecting data with server-side encryption"). Without it
/// the bucket's default applies; some organizations deny a PutObject that does not name it.
struct ServerSideEncryption: Sendable {
    /// A value of `x-amz-server-side-encryption`.
    enum Algorithm: String, CaseIterable, Sendable {
        case aes256 = "AES256"
        case kms = "aws:kms"
        case kmsDoubleLayer = "aws:kms:dsse"
    }

    let algorithm: Algorithm
    /// The ARN or id of a KMS key; nil for the bucket's key.
    let key: String?

    /// - Returns: nil where neither key is set, and where one is invalid.
    init?(algorithm: String?, key: String?, errors: inout [SettingsError]) {
        guard let algorithm else {
            if key != nil {
                errors.append(
                    SettingsError(
                        "publish.kmsKeyId", "needs publish.serverSideEncryption: aws:kms; set it, or remove the key"))
            }
            return nil
        }
        guard let known = Algorithm(rawValue: algorithm) else {
            let words = Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            errors.append(
                SettingsError(
                    "publish.serverSideEncryption",
                    "invalid value \(Quotation.of(algorithm)); expected one of \(words)"))
            return nil
        }
        if let key {
            // An ARN, an id or an alias: a header value without white space.
            guard (1...2048).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                errors.append(
                    SettingsError(
                        "publish.kmsKeyId",
                        "invalid value \(Quotation.of(key)); expected the ARN or the id of a KMS key"))
                return nil
            }
            guard known != .aes256 else {
                errors.append(
                    SettingsError("publish.kmsKeyId", "does not go with AES256; remove the key, or set aws:kms"))
                return nil
            }
        }
        self.algorithm = known
        self.key = key
    }

    var headers: [HTTPHeaderField] {
        [HTTPHeaderField("x-amz-server-side-encryption", algorithm.rawValue)]
            + (key.map { [HTTPHeaderField("x-amz-server-side-encryption-aws-kms-key-id", $0)] } ?? [])
    }
}
