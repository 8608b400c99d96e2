import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("Documents in a bucket")
struct S3PublisherTests {
    private static let host = "https://bucket.s3.eu-central-1.amazonaws.com"
    private let content = Array(#"{"keys":[]}"#.utf8)
    private let stamp = DocumentStamp(
        owner: "0123456789abcdef", revision: 7,
        digest: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")

    private func publisher(
        _ transport: ScriptedTransport, maximumAge: Int = 300, more: String = ""
    ) throws -> any DiscoveryPublisher {
        try PublishPlan.example(
            #"{"bucket":"bucket","region":"eu-central-1","credentials":["environment"],"prefix":"a"\#(more)}"#,
            path: "/one"
        ).open(
            .example(
                transport, environment: ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"],
                maximumAge: maximumAge))
    }

    private func stored(_ changes: [String: String?] = [:]) -> ScriptedTransport.Answer {
        var headers = [
            "ETag": "\"1\"", "Content-Length": "21", "Content-Type": "application/json", "Cache-Control": "max-age=300",
            "x-amz-meta-sts-owner": stamp.owner, "x-amz-meta-sts-revision": "7",
            "x-amz-checksum-sha256": "RM591nyVng01JP+sF3Hfu6h9K2tLTpnkIDSouAP4sHI=",
        ]
        for (name, value) in changes { headers[name] = value }
        return .answer(200, "", headers)
    }

    @Test("are read and written in a bucket of the configured account only")
    func expectedOwner() async throws {
        let transport = ScriptedTransport(
            stored(), .answer(200, "{}", ["ETag": "\"1\""]), .answer(200, "", ["ETag": "\"2\""]))
        let publisher = try publisher(transport, more: #","account":"111111111111""#)
        _ = try await publisher.stored(.keys)
        _ = try await publisher.content(of: .keys)
        _ = try await publisher.put(.keys, content, stamp: stamp, if: .version("\"1\""))
        #expect(transport.requests.map(\.method) == ["HEAD", "GET", "PUT"])
        for request in transport.requests {
            #expect(request.headers("x-amz-expected-bucket-owner") == ["111111111111"])
            #expect(request.headers("Authorization").first?.contains("x-amz-expected-bucket-owner") == true)
        }
    }

    @Test("are returned with their stamp")
    func storedDocument() async throws {
        let transport = ScriptedTransport(stored())
        let publisher = try publisher(transport)
        #expect(publisher.location == "s3://bucket/a/one")
        #expect(publisher.edgeCache == nil)
        #expect(try await publisher.stored(.keys) == StoredDocument(version: "\"1\"", stamp: stamp, length: 21))
        #expect(transport.calls == ["HEAD \(Self.host)/a/one/certs"])
    }

    @Test(
        "have no owner where a part of the stamp is missing",
        arguments: ["x-amz-meta-sts-owner", "x-amz-meta-sts-revision"])
    func noStamp(header: String) async throws {
        let document = try await publisher(ScriptedTransport(stored([header: nil]))).stored(.keys)
        #expect(document == StoredDocument(version: "\"1\"", stamp: nil, length: 21))
    }

    @Test(
        "have an empty digest where their headers are not the expected ones",
        arguments: [
            ("Content-Type", "text/plain"), ("Content-Type", nil), ("Cache-Control", "no-store"),
            ("Cache-Control", nil),
        ])
    func servedOtherwise(header: String, value: String?) async throws {
        let document = try await publisher(ScriptedTransport(stored([header: value]))).stored(.keys)
        #expect(document?.stamp == DocumentStamp(owner: stamp.owner, revision: 7, digest: ""))
    }

    @Test("have the digest of the stored object, from S3's checksum")
    func changed() async throws {
        let transport = ScriptedTransport(
            stored(["x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]))
        let document = try await publisher(transport).stored(.keys)
        #expect(document?.stamp?.digest == DocumentStamp.digest(of: []))
        #expect(transport.requests.count == 1)
    }

    @Test(
        "are read where S3 has no checksum, once for each entity tag",
        arguments: [nil, "abc-2", "not base64!"])
    func noChecksum(checksum: String?) async throws {
        let head = stored(["x-amz-checksum-sha256": checksum])
        let transport = ScriptedTransport(
            head, .answer(200, String(decoding: content, as: UTF8.self), ["ETag": "\"1\""]), head)
        let publisher = try publisher(transport)
        for _ in 0..<2 {
            #expect(try await publisher.stored(.keys)?.stamp?.digest == DocumentStamp.digest(of: content))
        }
        #expect(transport.requests.map(\.method) == ["HEAD", "GET", "HEAD"])
    }

    @Test("that change between HEAD and GET have an empty digest")
    func changing() async throws {
        let head = stored(["x-amz-checksum-sha256": nil])
        let transport = ScriptedTransport(head, .answer(200, "{}", ["ETag": "\"2\""]))
        #expect(try await publisher(transport).stored(.keys)?.stamp?.digest == "")
    }

    @Test("are absent where HEAD returns 404 or 403", arguments: [403, 404])
    func absent(status: Int) async throws {
        #expect(try await publisher(ScriptedTransport(.answer(status))).stored(.discovery) == nil)
    }

    @Test(
        "are written with the configured encryption, which is a signed header",
        arguments: [
            ("", [], []), (#","serverSideEncryption":"AES256""#, ["AES256"], []),
            (
                #","serverSideEncryption":"aws:kms","kmsKeyId":"arn:aws:kms:eu-central-1:111111111111:key/one""#,
                ["aws:kms"], ["arn:aws:kms:eu-central-1:111111111111:key/one"]
            ),
        ])
    func encrypted(more: String, algorithm: [String], key: [String]) async throws {
        let transport = ScriptedTransport(.answer(200, "", ["ETag": "\"2\""]))
        _ = try await publisher(transport, more: more).put(.keys, content, stamp: stamp, if: .absent)
        let request = transport.requests[0]
        #expect(request.headers("x-amz-server-side-encryption") == algorithm)
        #expect(request.headers("x-amz-server-side-encryption-aws-kms-key-id") == key)
        let signed = request.headers("authorization")[0].contains("x-amz-server-side-encryption")
        #expect(signed == !algorithm.isEmpty)
    }

    @Test(
        "are written with a condition, stamp, content type and max-age, and without an ACL",
        arguments: [
            (PutCondition.absent, "If-None-Match", "*", "If-Match"),
            (.version("\"1\""), "If-Match", "\"1\"", "If-None-Match"),
        ])
    func put(condition: PutCondition, name: String, value: String, other: String) async throws {
        let transport = ScriptedTransport(.answer(200, "", ["ETag": "\"2\""]))
        let version = try await publisher(transport).put(.discovery, content, stamp: stamp, if: condition)
        #expect(version == "\"2\"")
        let request = transport.requests[0]
        #expect(transport.calls == ["PUT \(Self.host)/a/one/.well-known/openid-configuration"])
        #expect(request.body == content)
        #expect(request.headers(name) == [value])
        #expect(request.headers(other).isEmpty)
        #expect(request.headers("content-type") == ["application/json"])
        #expect(request.headers("cache-control") == ["max-age=300"])
        #expect(request.headers("x-amz-meta-sts-owner") == [stamp.owner])
        #expect(request.headers("x-amz-meta-sts-revision") == ["7"])
        #expect(!request.headers.contains { $0.name.lowercased().contains("acl") })
    }

    @Test("are written with the configured max-age, and again where they have another one")
    func age() async throws {
        let transport = ScriptedTransport(.answer(200, "", ["ETag": "\"2\""]), stored())
        let publisher = try publisher(transport, maximumAge: 60)
        _ = try await publisher.put(.keys, content, stamp: stamp, if: .absent)
        #expect(transport.requests[0].headers("cache-control") == ["max-age=60"])
        #expect(try await publisher.stored(.keys)?.stamp?.digest == "")
    }

    private func conflict(_ transport: ScriptedTransport, _ condition: PutCondition) async throws -> PublishError? {
        let publisher = try publisher(transport)
        return await #expect(throws: PublishError.self) {
            try await publisher.put(.keys, content, stamp: stamp, if: condition)
        }
    }

    private static let precondition = ScriptedTransport.Answer.answer(412, ErrorDocument.s3("PreconditionFailed"))

    @Test(
        "report a conflict where a GET finds another document, none, or fails",
        arguments: [
            ScriptedTransport.Answer.answer(200, "{}", ["ETag": "\"2\""]), .answer(404, ErrorDocument.s3("NoSuchKey")),
            .answer(503, ErrorDocument.s3("SlowDown")), .failure(.timedOut), .failure(.tooLong(1_048_576)),
        ])
    func trueConflict(answer: ScriptedTransport.Answer) async throws {
        let transport = ScriptedTransport(Self.precondition, answer)
        let error = try await conflict(transport, .absent)
        #expect(error?.kind == .conflict)
        #expect(error?.message.contains("another writer changed it") == true)
        #expect(transport.requests.map(\.method) == ["PUT", "GET"])
    }

    @Test("report a missing read permission where a document exists that HEAD did not show")
    func hidden() async throws {
        let transport = ScriptedTransport(Self.precondition, .answer(403, ErrorDocument.s3("AccessDenied")))
        let error = try await conflict(transport, .absent)
        #expect(error?.kind == .denied)
        #expect(error?.message.contains("allow s3:GetObject") == true)
        #expect(error?.message.contains("another writer") == false)
    }

    @Test(
        "report a conflict where another version is stored, or none",
        arguments: [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict"), (404, "NoSuchKey")])
    func otherVersion(status: Int, code: String) async throws {
        let transport = ScriptedTransport(.answer(status, ErrorDocument.s3(code)))
        #expect(try await conflict(transport, .version("\"1\""))?.kind == .conflict)
        #expect(transport.requests.count == 1)
    }

    @Test("throw other errors without another request")
    func denied() async throws {
        let transport = ScriptedTransport(.answer(403, ErrorDocument.s3("AccessDenied")))
        let error = try await conflict(transport, .absent)
        #expect(error?.kind == .denied)
        #expect(error?.message.contains("allow s3:PutObject") == true)
        #expect(transport.requests.count == 1)
    }
}
