import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("The bucket's region that S3 returns")
struct S3RegionTests {
    private static let old = "https://bucket.s3.eu-central-1.amazonaws.com/certs"
    private static let new = "https://bucket.s3.eu-west-1.amazonaws.com/certs"

    private func client(_ transport: ScriptedTransport, endpoint: String? = nil) throws -> S3Client {
        S3Client(
            location: S3Client.Location(
                bucket: try #require(BucketName("bucket")), region: try #require(Region("eu-central-1")),
                endpoint: endpoint.flatMap(ServiceEndpoint.init), usesPathStyle: false), client: .example(transport))
    }

    private static func malformed(_ region: String) -> String {
        ErrorDocument.s3(
            "AuthorizationHeaderMalformed", "the region 'eu-central-1' is wrong; expecting '\(region)'",
            more: "<Region>\(region)</Region>")
    }

    static let answers: [ScriptedTransport.Answer] = [
        .answer(301, ErrorDocument.s3("PermanentRedirect"), ["x-amz-bucket-region": "eu-west-1"]),
        .answer(307, ErrorDocument.s3("TemporaryRedirect"), ["x-amz-bucket-region": "eu-west-1"]),
        .answer(301, "", ["x-amz-bucket-region": "eu-west-1"]),
        .answer(400, "", ["x-amz-bucket-region": "eu-west-1"]),
        .answer(400, malformed("eu-west-1")),
    ]

    @Test("is used for one more request with a new signature, and for later requests", arguments: answers.indices)
    func followed(index: Int) async throws {
        let good = ScriptedTransport.Answer.answer(200, "", ["ETag": "\"1\""])
        let transport = ScriptedTransport(Self.answers[index], good, good)
        let client = try client(transport)
        _ = try await client.put("certs", Array("{}".utf8), headers: [HTTPHeaderField("If-Match", "\"0\"")])
        _ = try await client.head("certs")
        #expect(transport.calls == ["PUT \(Self.old)", "PUT \(Self.new)", "HEAD \(Self.new)"])
        let second = transport.requests[1]
        #expect(second.text == "{}")
        #expect(second.headers("if-match") == ["\"0\""])
        #expect(second.headers("host") == ["bucket.s3.eu-west-1.amazonaws.com"])
        #expect(second.headers("authorization").count == 1)
        #expect(second.headers("authorization")[0].contains("/eu-west-1/s3/aws4_request"))
    }

    @Test("changes only the signature where the endpoint is overridden")
    func override() async throws {
        let transport = ScriptedTransport(Self.answers[4], .answer(200, "", ["ETag": "\"1\""]))
        _ = try await client(transport, endpoint: "https://s3.example.com").head("certs")
        #expect(transport.calls == Array(repeating: "HEAD https://bucket.s3.example.com/certs", count: 2))
        #expect(transport.requests[1].headers("authorization")[0].contains("/eu-west-1/"))
    }

    @Test(
        "is ignored for another partition, the same region or an invalid region, and Location is never followed",
        arguments: ["cn-north-1", "us-gov-west-1", "eu-central-1", "evil.example.com/eu-west-1", "", "EU"])
    func rejected(region: String) async throws {
        let transport = ScriptedTransport(
            .answer(
                301, ErrorDocument.s3("PermanentRedirect", more: "<Endpoint>bucket.evil.example.com</Endpoint>"),
                ["x-amz-bucket-region": region, "Location": "https://evil.example.com/"]))
        let client = try client(transport)
        let error = await #expect(throws: PublishError.self) { try await client.put("certs", [], headers: []) }
        #expect(transport.calls == ["PUT \(Self.old)"])
        #expect(error?.kind == .misconfigured)
        #expect(error?.message.contains("publish.region") == true)
        #expect(error?.isWellFormed == true)
    }

    @Test("is not used twice for one request")
    func once() async throws {
        let transport = ScriptedTransport { request in
            .answer(
                301, ErrorDocument.s3("PermanentRedirect"),
                ["x-amz-bucket-region": request.url.contains("eu-west-1") ? "eu-west-2" : "eu-west-1"])
        }
        let client = try client(transport)
        await #expect(throws: PublishError.self) { try await client.put("certs", [], headers: []) }
        #expect(transport.calls == ["PUT \(Self.old)", "PUT \(Self.new)"])
    }

    @Test("is in the error text where it is not used")
    func ignored() async throws {
        let transport = ScriptedTransport(.answer(400, Self.malformed("cn-north-1")))
        let client = try client(transport)
        let error = await #expect(throws: PublishError.self) { try await client.get("certs") }
        #expect(error?.message.contains(#"the bucket is in "cn-north-1"; correct publish.region"#) == true)
    }
}
