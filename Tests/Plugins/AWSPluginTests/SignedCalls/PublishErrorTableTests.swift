import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

/// A row of the table: the response of a service, and the error for the operator.
struct ErrorRow: Sendable, CustomTestStringConvertible {
    let status: Int
    var code = ""
    let kind: PublishError.Kind
    let fix: String

    var testDescription: String { "\(status) \(code)" }
}

@Suite("The error for an operator")
struct PublishErrorTableTests {
    private static func row(_ status: Int, _ code: String, _ kind: PublishError.Kind, _ fix: String) -> ErrorRow {
        ErrorRow(status: status, code: code, kind: kind, fix: fix)
    }

    /// S3 API Reference, "Error responses".
    static let storage = [
        row(412, "PreconditionFailed", .conflict, "another writer changed it"),
        row(409, "ConditionalRequestConflict", .conflict, "another writer changed it"),
        row(404, "NoSuchKey", .conflict, "deleted"),
        row(404, "NoSuchBucket", .misconfigured, "publish.bucket"),
        row(400, "InvalidBucketName", .misconfigured, "publish.bucket"),
        row(403, "AllAccessDisabled", .denied, "disabled"),
        row(403, "AccountProblem", .denied, "disabled"),
        row(403, "NotSignedUp", .denied, "disabled"),
        row(403, "AccessDenied", .denied, "allow s3:PutObject"),
        row(400, "ExpiredToken", .denied, "publish.credentials"),
        row(400, "TokenRefreshRequired", .denied, "publish.credentials"),
        row(400, "InvalidToken", .denied, "publish.credentials"),
        row(403, "InvalidAccessKeyId", .denied, "publish.credentials"),
        row(403, "SignatureDoesNotMatch", .denied, "secret key"),
        row(403, "RequestTimeTooSkewed", .denied, "clock"),
        row(503, "SlowDown", .throttled, "later"),
        row(503, "ServiceUnavailable", .unavailable, "again"),
        row(500, "InternalError", .unavailable, "again"),
        row(400, "RequestTimeout", .unavailable, "again"),
        row(409, "OperationAborted", .unavailable, "again"),
        row(400, "BadDigest", .malformed, "proxy"),
        row(400, "InvalidDigest", .malformed, "proxy"),
        row(400, "XAmzContentSHA256Mismatch", .malformed, "proxy"),
        row(411, "MissingContentLength", .misconfigured, "docs/plugins/aws.md"),
        row(400, "InvalidRequest", .misconfigured, "docs/plugins/aws.md"),
        row(405, "MethodNotAllowed", .misconfigured, "docs/plugins/aws.md"),
        row(501, "NotImplemented", .misconfigured, "docs/plugins/aws.md"),
        row(400, "KMS.DisabledException", .misconfigured, "KMS key"),
        row(301, "PermanentRedirect", .misconfigured, "publish.region"),
        row(307, "TemporaryRedirect", .misconfigured, "publish.region"),
        row(307, "Redirect", .misconfigured, "publish.region"),
        row(400, "AuthorizationHeaderMalformed", .misconfigured, "publish.region"),
        row(400, "IllegalLocationConstraintException", .misconfigured, "publish.region"),
        row(403, "SomethingNew", .denied, "allow s3:PutObject"),
        row(401, "SomethingNew", .denied, "allow s3:PutObject"),
        row(404, "SomethingNew", .misconfigured, "override"),
        row(409, "SomethingNew", .conflict, "another writer changed it"),
        row(412, "SomethingNew", .conflict, "another writer changed it"),
        row(429, "SomethingNew", .throttled, "later"),
        row(408, "SomethingNew", .unavailable, "again"),
        row(500, "SomethingNew", .unavailable, "again"),
        row(599, "SomethingNew", .unavailable, "again"),
        row(302, "SomethingNew", .misconfigured, "redirect"),
        row(400, "SomethingNew", .malformed, "unexpected response"),
        row(418, "SomethingNew", .malformed, "unexpected response"),
    ]

    /// CloudFront API Reference, "Common Error Types", CreateInvalidation and GetInvalidation.
    static let edge = [
        row(403, "AccessDenied", .denied, "allow cloudfront:CreateInvalidation"),
        row(400, "AccessDeniedException", .denied, "allow cloudfront:CreateInvalidation"),
        row(400, "NotAuthorized", .denied, "allow cloudfront:CreateInvalidation"),
        row(404, "NoSuchDistribution", .misconfigured, "publish.distribution"),
        row(404, "NoSuchInvalidation", .malformed, "creates it again"),
        row(400, "TooManyInvalidationsInProgress", .throttled, "later"),
        row(400, "Throttling", .throttled, "later"),
        row(400, "ThrottlingException", .throttled, "later"),
        row(503, "RequestLimitExceeded", .throttled, "later"),
        row(400, "TooManyRequestsException", .throttled, "later"),
        row(400, "InvalidArgument", .misconfigured, "docs/plugins/aws.md"),
        row(400, "MalformedXML", .misconfigured, "docs/plugins/aws.md"),
        row(400, "ValidationError", .misconfigured, "docs/plugins/aws.md"),
        row(400, "InvalidAction", .misconfigured, "docs/plugins/aws.md"),
        row(404, "UnknownOperationException", .misconfigured, "docs/plugins/aws.md"),
        row(403, "OptInRequired", .denied, "disabled"),
        row(403, "ExpiredTokenException", .denied, "publish.credentials"),
        row(403, "InvalidClientTokenId", .denied, "publish.credentials"),
        row(403, "UnrecognizedClientException", .denied, "publish.credentials"),
        row(403, "SignatureDoesNotMatch", .denied, "secret key"),
        row(403, "InvalidSignatureException", .denied, "secret key"),
        row(400, "IncompleteSignature", .denied, "secret key"),
        row(400, "RequestExpired", .denied, "clock"),
        row(408, "RequestTimeoutException", .unavailable, "again"),
        row(500, "InternalFailure", .unavailable, "again"),
        row(503, "ServiceUnavailable", .unavailable, "again"),
    ]

    /// STS API Reference, AssumeRoleWithWebIdentity.
    static let tokens = [
        row(403, "AccessDenied", .denied, "trust policy"),
        row(400, "InvalidIdentityToken", .denied, "OIDC provider"),
        row(403, "IDPRejectedClaim", .denied, "OIDC provider"),
        row(400, "IDPCommunicationError", .denied, "within 5 s"),
        row(400, "ExpiredTokenException", .denied, "the token is expired"),
        row(403, "RegionDisabledException", .misconfigured, "activate STS"),
        row(400, "ValidationError", .misconfigured, "docs/plugins/aws.md"),
        row(400, "Throttling", .throttled, "later"),
        row(503, "ServiceUnavailable", .unavailable, "again"),
        row(500, "InternalFailure", .unavailable, "again"),
        row(400, "SomethingNew", .malformed, "unexpected response"),
    ]

    @Test("of S3", arguments: storage)
    func s3(row: ErrorRow) throws {
        let error = try error(row, ErrorDocument.s3(row.code))
            .publishError("s3:PutObject on \"bucket/certs\"", permission: "s3:PutObject")
        check(error, row, "s3:PutObject on \"bucket/certs\": ")
    }

    @Test("of CloudFront", arguments: edge)
    func cloudFront(row: ErrorRow) throws {
        let error = try error(row, ErrorDocument.query(row.code))
            .publishError("cloudfront:CreateInvalidation on \"E1\"", permission: "cloudfront:CreateInvalidation")
        check(error, row, "cloudfront:CreateInvalidation on \"E1\": ")
    }

    @Test("of STS", arguments: tokens)
    func sts(row: ErrorRow) throws {
        let error = try error(row, ErrorDocument.sts(row.code)).assumeRoleError(
            "sts:AssumeRoleWithWebIdentity for \"r\"")
        check(error, row, "sts:AssumeRoleWithWebIdentity for \"r\": ")
    }

    @Test(
        "of a response without a body",
        arguments: [
            (301, nil, PublishError.Kind.misconfigured, "redirects are not followed"),
            (301, "eu-west-1", .misconfigured, #"the bucket is in "eu-west-1"; correct publish.region"#),
            (400, "eu-west-1", .misconfigured, "publish.region"), (400, nil, .malformed, "unexpected response"),
            (403, "eu-west-1", .denied, "allow p"), (405, nil, .malformed, "unexpected response"),
            (503, nil, .unavailable, "again"), (429, nil, .throttled, "later"),
        ])
    func bare(status: Int, region: String?, kind: PublishError.Kind, fix: String) throws {
        let headers = region.map { ["x-amz-bucket-region": $0] } ?? [:]
        let error = ServiceError(try ScriptedTransport.Answer.answer(status, "", headers).get())
            .publishError("call", permission: "p")
        check(error, ErrorRow(status: status, kind: kind, fix: fix), "call: HTTP\(status) (\(status)); ")
    }

    @Test(
        "of a response that is a foreign page",
        arguments: [(403, PublishError.Kind.malformed), (404, .malformed), (503, .unavailable), (429, .throttled)])
    func page(status: Int, kind: PublishError.Kind) throws {
        let error = try error(ErrorRow(status: status, kind: kind, fix: ""), ErrorDocument.page)
            .publishError("call", permission: "p")
        #expect(error.kind == kind)
        #expect(
            error.message
                == "call: responds \(status) with a body that is not the service's XML; check for a proxy in between")
    }

    @Test(
        "of a missing response",
        arguments: [
            (HTTPTransportError.timedOut, PublishError.Kind.unavailable, "no answer in time; check network"),
            (.failed("no such host"), .unavailable, "no such host; check network"),
            (.tooLong(1_048_576), .malformed, "check for a proxy in between"),
        ])
    func silence(error: HTTPTransportError, kind: PublishError.Kind, text: String) {
        let error = PublishError(error, calling: "s3:PutObject on \"b/k\"")
        #expect(error.kind == kind)
        #expect(error.message.hasPrefix("s3:PutObject on \"b/k\": ") && error.message.contains(text), "\(error)")
        #expect(error.isWellFormed)
    }

    private func error(_ row: ErrorRow, _ body: String) throws -> ServiceError {
        ServiceError(try ScriptedTransport.Answer.answer(row.status, body, ["Retry-After": "7"]).get())
    }

    private func check(_ error: PublishError, _ row: ErrorRow, _ beginning: String) {
        #expect(error.kind == row.kind, "\(error)")
        #expect(error.message.hasPrefix(beginning), "\(error)")
        #expect(error.message.contains(row.fix), "\(error)")
        #expect(error.isWellFormed, "\(error)")
        if !row.code.isEmpty {
            #expect(error.message.contains("\(row.code): ") || error.message.contains("\(row.code) "), "\(error)")
            #expect(error.retryAfter == 7)
        }
    }
}
