import Crypto
import FoundationEssentials
import GatewayPluginAPI

/// A Signature Version 4 signer (IAM User Guide, "Create a signed AWS API request"): a pure function of the request, the
/// credentials and the time.
struct SigV4Signer: Sendable {
    /// What differs between services.
    struct Service: Sendable, Equatable {
        let name: String
        /// Whether the path is percent-encoded twice before it is signed; so for every service but S3.
        let escapesPathTwice: Bool
        /// Whether the payload's hash is a header field, as S3 requires.
        let showsPayloadHash: Bool

        static let s3 = Service(name: "s3", escapesPathTwice: false, showsPayloadHash: true)
        static let cloudFront = Service(name: "cloudfront", escapesPathTwice: true, showsPayloadHash: false)
        static let iam = Service(name: "iam", escapesPathTwice: true, showsPayloadHash: false)
        static let sts = Service(name: "sts", escapesPathTwice: true, showsPayloadHash: false)
    }

    let service: Service
    let region: String

    /// The request's headers and those of the signature: Host, X-Amz-Date, X-Amz-Security-Token where there is one,
    /// X-Amz-Content-Sha256 for S3, and Authorization.
    func signedHeaders(of request: ServiceRequest, with key: AccessKey, at time: Date) -> [HTTPHeaderField] {
        let stamp = Self.stamp(time)
        let day = String(stamp.prefix(8))
        let payload = Self.hexadecimal(SHA256.hash(data: request.body))
        var headers = request.headers
        headers.append(HTTPHeaderField("Host", request.host))
        headers.append(HTTPHeaderField("X-Amz-Date", stamp))
        if service.showsPayloadHash { headers.append(HTTPHeaderField("X-Amz-Content-Sha256", payload)) }
        if let token = key.sessionToken { headers.append(HTTPHeaderField("X-Amz-Security-Token", token)) }

        let (canonical, names) = canonicalRequest(request, headers: headers, payloadHash: payload)
        let scope = "\(day)/\(region)/\(service.name)/aws4_request"
        let toSign = """
            AWS4-HMAC-SHA256
            \(stamp)
            \(scope)
            \(Self.hexadecimal(SHA256.hash(data: Array(canonical.utf8))))
            """
        let signature = Self.hexadecimal(Self.hmac(signingKey(key.secret, day: day), toSign))
        headers.append(
            HTTPHeaderField(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(key.id)/\(scope), SignedHeaders=\(names), Signature=\(signature)"))
        return headers
    }

    /// The canonical request, and the names of the signed headers.
    func canonicalRequest(
        _ request: ServiceRequest, headers: [HTTPHeaderField], payloadHash: String
    ) -> (text: String, signedHeaders: String) {
        var values: [String: [String]] = [:]
        for header in headers { values[header.name.lowercased(), default: []].append(Self.trimmed(header.value)) }
        let sorted = values.sorted { $0.key < $1.key }
        let names = sorted.map(\.key).joined(separator: ";")
        let path =
            service.escapesPathTwice
            ? PercentEncoding.encode(request.encodedPath.utf8, keepsSlash: true) : request.encodedPath
        let lines =
            [request.method, path, request.encodedQuery]
            + sorted.map { "\($0.key):\($0.value.joined(separator: ","))" }
            + ["", names, payloadHash]
        return (lines.joined(separator: "\n"), names)
    }

    private func signingKey(_ secret: String, day: String) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in [day, region, service.name, "aws4_request"] { key = SymmetricKey(data: Self.hmac(key, part)) }
        return key
    }

    private static func hmac(_ key: SymmetricKey, _ text: String) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }

    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Removes white space at both ends and collapses it inside. It works on bytes: a space before a combining character is
    /// a space too.
    private static func trimmed(_ value: String) -> String {
        let words = value.utf8.split { $0 == UInt8(ascii: " ") || (0x09...0x0D).contains($0) }
        return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }

    /// `20130524T000000Z`.
    private static func stamp(_ time: Date) -> String {
        time.formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    }
}
