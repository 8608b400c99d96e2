import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("The S3 client")
struct S3ClientTests {
    private static let host = "https://bucket.s3.eu-central-1.amazonaws.com"

    private func client(
        _ transport: ScriptedTransport, bucket: String = "bucket", region: String = "eu-central-1",
        endpoint: String? = nil, pathStyle: Bool = false, credentials: GivenCredentials? = nil
    ) throws -> S3Client {
        S3Client(
            location: S3Client.Location(
                bucket: try #require(BucketName(bucket)), region: try #require(Region(region)),
                endpoint: endpoint.flatMap(ServiceEndpoint.init), usesPathStyle: pathStyle),
            client: .example(transport, credentials))
    }

    @Test(
        "sends to the bucket's host, or to its path where the name has dots or path-style is configured",
        arguments: [
            ("bucket", "eu-central-1", nil, false, "https://bucket.s3.eu-central-1.amazonaws.com/certs"),
            ("bucket", "eu-central-1", nil, true, "https://s3.eu-central-1.amazonaws.com/bucket/certs"),
            ("my.bucket", "eu-central-1", nil, false, "https://s3.eu-central-1.amazonaws.com/my.bucket/certs"),
            ("bucket", "cn-north-1", nil, false, "https://bucket.s3.cn-north-1.amazonaws.com.cn/certs"),
            ("bucket", "us-gov-west-1", nil, false, "https://bucket.s3.us-gov-west-1.amazonaws.com/certs"),
            ("bucket", "eu-central-1", "http://127.0.0.1:9000/a", true, "http://127.0.0.1:9000/a/bucket/certs"),
            ("bucket", "eu-central-1", "https://s3.example.com", false, "https://bucket.s3.example.com/certs"),
        ])
    func places(bucket: String, region: String, endpoint: String?, pathStyle: Bool, url: String) async throws {
        let transport = ScriptedTransport(.answer(200, "", ["ETag": "\"1\""]))
        let client = try client(transport, bucket: bucket, region: region, endpoint: endpoint, pathStyle: pathStyle)
        #expect(try await client.head("certs")?.entityTag == "\"1\"")
        #expect(transport.calls == ["HEAD \(url)"])
        let authority = url.split(separator: "/")[1]
        #expect(transport.requests[0].headers("host") == [String(authority)])
        #expect(transport.requests[0].headers("authorization")[0].contains("/20130524/\(region)/s3/aws4_request,"))
    }

    @Test("returns an object's entity tag and length, and requests its checksum")
    func head() async throws {
        let transport = ScriptedTransport(.answer(200, "", ["etag": "\"1\"", "Content-Length": "317"]))
        let object = try await client(transport).head("a/certs")
        #expect(object?.length == 317)
        #expect(transport.requests[0].headers("x-amz-checksum-mode") == ["ENABLED"])
    }

    @Test("treats an object as absent where HEAD returns 404, or 403, which may mean the same", arguments: [403, 404])
    func absent(status: Int) async throws {
        let transport = ScriptedTransport(.answer(status))
        #expect(try await client(transport).head("certs") == nil)
        #expect(transport.requests.count == 1)
    }

    @Test("repeats a HEAD that returns 400 as GET, and renews expired credentials")
    func expiredHead() async throws {
        let transport = ScriptedTransport(
            .answer(400), .answer(400, ErrorDocument.s3("ExpiredToken")),
            .answer(200, "content", ["ETag": "\"2\"", "x-amz-meta-sts-owner": "o"]))
        let renewed = AccessKey(id: "AKIDNEW", secret: "s")
        let credentials = GivenCredentials(.success(.example), .success(renewed))
        let object = try await client(transport, credentials: credentials).head("certs")
        #expect(object?.entityTag == "\"2\"")
        #expect(object?.length == 7)
        #expect(object?.response.header("x-amz-meta-sts-owner") == "o")
        #expect(transport.requests.map(\.method) == ["HEAD", "GET", "GET"])
        #expect(transport.requests[2].headers("authorization")[0].contains("Credential=AKIDNEW/"))
        #expect(transport.requests[2].headers("x-amz-checksum-mode") == ["ENABLED"])
    }

    @Test(
        "rejects a response without an entity tag, because later writes could not be conditional",
        arguments: ["HEAD", "PUT"])
    func noTag(method: String) async throws {
        let client = try client(ScriptedTransport(.answer(200, ErrorDocument.page)))
        let error = await #expect(throws: PublishError.self) {
            if method == "HEAD" {
                _ = try await client.head("certs")
            } else {
                _ = try await client.put("certs", [], headers: [])
            }
        }
        #expect(error?.kind == .malformed)
        #expect(error?.message.contains("check that the endpoint is S3") == true)
    }

    @Test(
        "throws the error of HEAD",
        arguments: [(500, PublishError.Kind.unavailable), (503, .unavailable), (301, .misconfigured)])
    func failedHead(status: Int, kind: PublishError.Kind) async throws {
        let client = try client(ScriptedTransport(.answer(status)))
        let error = await #expect(throws: PublishError.self) { try await client.head("certs") }
        #expect(error?.kind == kind)
    }

    @Test("distinguishes an absent object from a forbidden one with GET")
    func get() async throws {
        let absent = ScriptedTransport(.answer(404, ErrorDocument.s3("NoSuchKey")))
        #expect(try await client(absent).get("certs") == nil)
        let client = try client(ScriptedTransport(.answer(403, ErrorDocument.s3("AccessDenied", "Access Denied"))))
        let error = await #expect(throws: PublishError.self) { try await client.get("certs") }
        #expect(error?.kind == .denied)
        #expect(error?.message.contains("allow s3:GetObject") == true)
    }

    @Test("writes with a checksum and without an ACL, and returns the new entity tag")
    func put() async throws {
        let transport = ScriptedTransport(.answer(200, "", ["ETag": "\"3\""]))
        let tag = try await client(transport).put(
            "a/certs", Array("Welcome to Amazon S3.".utf8), headers: [HTTPHeaderField("If-None-Match", "*")])
        #expect(tag == "\"3\"")
        let request = transport.requests[0]
        #expect(request.method == "PUT" && request.url == "\(Self.host)/a/certs")
        #expect(request.text == "Welcome to Amazon S3.")
        #expect(request.headers("if-none-match") == ["*"])
        #expect(request.headers("x-amz-checksum-sha256") == ["RM591nyVng01JP+sF3Hfu6h9K2tLTpnkIDSouAP4sHI="])
        #expect(request.headers("x-amz-acl").isEmpty)
        #expect(request.usesProxy)
    }

    @Test(
        "reports another writer as a conflict",
        arguments: [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict"), (404, "NoSuchKey")])
    func conflict(status: Int, code: String) async throws {
        let client = try client(ScriptedTransport(.answer(status, ErrorDocument.s3(code))))
        let error = await #expect(throws: PublishError.self) { try await client.put("certs", [], headers: []) }
        #expect(error?.kind == .conflict)
    }
}
