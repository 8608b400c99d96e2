import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("An error response of a service")
struct ServiceErrorTests {
    private func error(_ status: Int, _ body: String = "", _ headers: [String: String] = [:]) throws -> ServiceError {
        ServiceError(try ScriptedTransport.Answer.answer(status, body, headers).get())
    }

    @Test("is parsed from S3's error document")
    func s3() throws {
        let document = ErrorDocument.s3(
            "NoSuchBucket", "The specified bucket does not exist", more: "<BucketName>b</BucketName>")
        let error = try error(404, document, ["X-Amz-Request-Id": "4442587FB7D0A2F9", "x-amz-id-2": "Uuag"])
        #expect(error.code == "NoSuchBucket")
        #expect(error.message == "The specified bucket does not exist")
        #expect(!error.isForeign)
        #expect(
            error.summary
                == #"NoSuchBucket: "The specified bucket does not exist" (404)"#)
        #expect(error.publishError("call", permission: "p").reference == "4442587FB7D0A2F9")
    }

    @Test("is parsed from the namespaces of CloudFront and STS")
    func namespaces() throws {
        let edge = try error(
            400, ErrorDocument.query("TooManyInvalidationsInProgress", "Wait."), ["x-amzn-RequestId": "410c2a4b"])
        #expect(edge.summary == #"TooManyInvalidationsInProgress: "Wait." (400)"#)
        #expect(edge.publishError("call", permission: "p").reference == "410c2a4b")
        #expect(try error(403, ErrorDocument.sts("AccessDenied")).code == "AccessDenied")
        let prefixed = #"<e:Error xmlns:e="urn:x"><e:Code>SlowDown</e:Code><e:Message>Slow.</e:Message></e:Error>"#
        #expect(try error(503, prefixed).code == "SlowDown")
    }

    @Test("has the region of the header or of the document")
    func region() throws {
        let document = ErrorDocument.s3("AuthorizationHeaderMalformed", more: "<Region>eu-west-1</Region>")
        #expect(try error(400, document).region == "eu-west-1")
        #expect(try error(301, "", ["x-amz-bucket-region": "eu-west-2"]).region == "eu-west-2")
        #expect(try error(301).region == nil)
    }

    @Test(
        "has the seconds of Retry-After, an hour at most",
        arguments: [
            ("5", 5), ("0", 0), ("-5", 0), ("99999999", 3_600), ("Fri, 24 May 2013 00:00:00 GMT", nil), ("", nil),
        ])
    func retryAfter(header: String, seconds: Int?) throws {
        #expect(try error(503, "", ["Retry-After": header]).retryAfter == seconds)
    }

    @Test("has a code from the status where there is no body, as for HEAD")
    func bare() throws {
        let error = try error(403)
        #expect(error.summary == "HTTP403 (403)")
        #expect(!error.isForeign)
    }

    @Test(
        "suggests a proxy where the body is not an error document",
        arguments: [
            ErrorDocument.page, "<html><body><b>Http/1.1 Service Unavailable</b></body> </html>", "blocked",
            "<Error><Code>SlowDown</Code>", "<Error><Message>no code</Message></Error>",
            "<Error><Code>a b</Code></Error>",
            "<ListBucketResult/>", #"{"message":"Forbidden"}"#, String(repeating: "<a>", count: 200),
        ])
    func pages(body: String) throws {
        let error = try error(403, body)
        #expect(error.isForeign)
        #expect(error.summary == "responds 403 with a body that is not the service's XML; check for a proxy in between")
        let published = error.publishError("s3:GetObject on \"b/k\"", permission: "s3:GetObject")
        #expect(published.kind == .malformed)
        #expect(!published.message.contains("allow"))
    }

    @Test("is quoted as one line of at most 300 characters, without control characters")
    func quoted() throws {
        let long = try error(400, ErrorDocument.s3("InvalidRequest", String(repeating: "\u{E9}", count: 5_000)))
        #expect(long.message.unicodeScalars.count == 300)
        let lines = try error(400, ErrorDocument.s3("InvalidRequest", "first line\nsecond line\u{202E}"))
        #expect(lines.message == "first line")
        let bidirectional = try error(400, ErrorDocument.s3("InvalidRequest", "a\u{202E}b"))
        #expect(bidirectional.summary.contains(#"\u{202E}"#))
    }

    /// The values of Amazon's documentation.
    private static let token = "FwoGZXIvYXdzEXAMPLETOKEN"
    static let repeating = [
        ErrorDocument.s3(
            "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.",
            more: "<AWSAccessKeyId>AKIAIOSFODNN7EXAMPLE</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256 \(token)"
                + "</StringToSign><SignatureProvided>f0e8bdb87c964420</SignatureProvided>"),
        ErrorDocument.s3("ExpiredToken", "The provided token has expired.", more: "<Token-0>\(token)</Token-0>"),
        ErrorDocument.s3(
            "InvalidAccessKeyId", "It does not exist.", more: "<AWSAccessKeyId>AKIAIOSFODNN7EXAMPLE</AWSAccessKeyId>"),
        ErrorDocument.query(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match. The Canonical String for this request should have "
                + "been 'POST x-amz-security-token:\(token)' f0e8bdb87c964420"),
        ErrorDocument.sts(
            "IncompleteSignature", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE Signature=f0e8bdb87c964420"),
        ErrorDocument.query("AccessDenied", "x-amz-security-token:\(token) is not good"),
        ErrorDocument.sts(
            "ValidationError",
            "1 validation error detected: Value 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln\(token)' at "
                + "'webIdentityToken' failed to satisfy constraint"),
    ]

    @Test("never repeats a key id, a token or a signature of the document", arguments: repeating)
    func secrets(document: String) throws {
        let error = try error(403, document)
        let texts = [
            error.summary, error.publishError("call", permission: "p").message, error.assumeRoleError("call").message,
        ]
        for text in texts {
            for secret in [Self.token, "AKIAIOSFODNN7EXAMPLE", "f0e8bdb87c964420", "eyJ"] {
                #expect(!text.contains(secret), "\(text)")
            }
        }
    }
}
