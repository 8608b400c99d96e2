import GatewayPluginAPI
import Testing

@testable import AWSPlugin

@Suite("The SigV4 signer")
struct SigV4SignerTests {
    private static let s3 = SigV4Signer(service: .s3, region: "eu-central-1")
    private static let s3East = SigV4Signer(service: .s3, region: "us-east-1")
    private static let cloudFront = SigV4Signer(service: .cloudFront, region: "us-east-1")
    private static let session = AccessKey(
        id: AccessKey.example.id, secret: AccessKey.example.secret,
        sessionToken: "FwoGZXIvYXdzEXAMPLE/token+with=signs==")
    private static let bucket = "bucket.s3.eu-central-1.amazonaws.com"
    private static let bare = "host;x-amz-content-sha256;x-amz-date"

    private static func header(_ name: String, _ value: String) -> HTTPHeaderField { HTTPHeaderField(name, value) }

    /// Values of botocore 1.44 (`S3SigV4Auth`, `SigV4Auth`).
    static let peers = [
        SigningCase(
            name: "S3, UTF-8 in the path", signer: s3,
            request: ServiceRequest(method: "GET", host: bucket, path: "/issuers/\u{FC}ber uns/鍵"),
            signedHeaders: bare, signature: "7e423becf190e94882d8943e1850e6bb2b8f876cf9972e0c01882568dec34c32"),
        SigningCase(
            name: "S3, a path that others would normalise", signer: s3,
            request: ServiceRequest(method: "GET", host: bucket, path: "/a//b/./c/../d"),
            signedHeaders: bare, signature: "e92e95e5f8f06bb71a2b903f50a3728ab3c57d643a60eb4e6ecbca2452350ff6"),
        SigningCase(
            name: "S3, a conditional write in a session", signer: s3, key: session,
            request: ServiceRequest(
                method: "PUT", host: bucket, path: "/one/certs",
                headers: [
                    header("Content-Type", "application/json"), header("Cache-Control", "max-age=300"),
                    header("If-None-Match", "*"), header("x-amz-meta-sts-owner", "0123456789abcdef"),
                ], body: Array(#"{"keys":[]}"#.utf8)),
            signedHeaders: "cache-control;content-type;host;if-none-match;x-amz-content-sha256;x-amz-date;"
                + "x-amz-meta-sts-owner;x-amz-security-token",
            signature: "92c6325dc1fbb0593cacf2667aa5f2f1c0643c152e5690f99864dba9fa0f416e"),
        SigningCase(
            name: "S3, a port and the bucket in the path", signer: s3East,
            request: ServiceRequest(
                method: "HEAD", host: "127.0.0.1:9000", path: "/bucket/.well-known/openid-configuration"),
            signedHeaders: bare, signature: "b3cc114449cbc2d158454f50da446ddf89f456345489a6b6cba44a1968e22a96"),
        SigningCase(
            name: "S3, signs in the query", signer: s3East,
            request: ServiceRequest(
                method: "GET", host: "bucket.s3.us-east-1.amazonaws.com", path: "/",
                query: [header("a", " +&="), header("A", "\u{E9}"), header("a", " *")]),
            signedHeaders: bare, signature: "42d2cc40332b1d6507e83377f83584924310f7c611235b0a50977a0da85efe12"),
        SigningCase(
            name: "CloudFront, a body in a session", signer: cloudFront, key: session,
            request: ServiceRequest(
                method: "POST", host: "cloudfront.amazonaws.com",
                path: "/2020-05-31/distribution/E1BKYHE1TT8Z10/invalidation",
                headers: [header("Content-Type", "text/xml")], body: Array("<a>\u{E9}</a>".utf8)),
            signedHeaders: "content-type;host;x-amz-date;x-amz-security-token",
            signature: "aecf35f78650ff325effeba86f2dddb90ae7075267a4884098c9d42381eb1590"),
        SigningCase(
            name: "CloudFront, a path that is escaped twice", signer: cloudFront,
            request: ServiceRequest(method: "GET", host: "cloudfront.amazonaws.com", path: "/pr\u{E9}fixe/a b%"),
            signedHeaders: "host;x-amz-date",
            signature: "98cb047a3b445ab7c75503211f78b792aa93873b46fc674f856887831db28f57"),
        SigningCase(
            name: "odd spacing, tabs, UTF-8, and one name in three cases", signer: cloudFront,
            request: ServiceRequest(
                method: "GET", host: "cloudfront.amazonaws.com", path: "/",
                headers: [
                    header("X-One", "\t a \t  b\t"), header("X-One", "  "),
                    header("x-two", "\u{E9}  \u{FC} \"q   q\""), header("X-ONE", "c"),
                ]), signedHeaders: "host;x-amz-date;x-one;x-two",
            signature: "3488f04161e821c879ab852878b194339cd3c0b03efaf362406db27424f1d247"),
        SigningCase(
            name: "a space before a combining character", signer: cloudFront,
            request: ServiceRequest(
                method: "GET", host: "cloudfront.amazonaws.com", path: "/",
                headers: [header("X-One", "a  \u{308}b")]), signedHeaders: "host;x-amz-date;x-one",
            signature: "930b0ea16eb4a8681e74fea3f1a11efddd561ce39997ac61fbc1359ec6e5843f"),
    ]

    @Test("agrees with the AWS SDK", arguments: peers)
    func agrees(example: SigningCase) { example.check() }

    @Test("returns the signed headers: those given, host, date, payload hash, token, authorization")
    func headers() {
        let request = ServiceRequest(
            method: "GET", host: "h", path: "/", headers: [HTTPHeaderField("If-Match", "\"1\"")])
        let inSession = Self.s3.signedHeaders(of: request, with: Self.session, at: exampleTime)
        #expect(
            inSession.map(\.name) == [
                "If-Match", "Host", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "Authorization",
            ])
        #expect(inSession[2].value == "20130524T000000Z")
        let bare = Self.cloudFront.signedHeaders(of: request, with: .example, at: exampleTime)
        #expect(bare.map(\.name) == ["If-Match", "Host", "X-Amz-Date", "Authorization"])
    }

    @Test("never puts the secret into a header")
    func secret() {
        let request = ServiceRequest(method: "GET", host: "h", path: "/")
        let headers = Self.s3.signedHeaders(of: request, with: Self.session, at: exampleTime)
        #expect(!headers.contains { $0.value.contains(Self.session.secret) })
    }
}
