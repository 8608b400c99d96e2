import AWSXML
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("The CloudFront client")
struct CloudFrontClientTests {
    private static let namespace = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
    private static let path = "/2020-05-31/distribution/E1BKYHE1TT8Z10/invalidation"

    /// As CloudFront answers.
    private static func invalidation(_ status: String, id: String = "I2J0I21PCUYOIK") -> String {
        """
        <?xml version="1.0"?>
        <Invalidation xmlns="\(namespace)"><Id>\(id)</Id><Status>\(status)</Status>\
        <CreateTime>2013-05-24T00:00:00.000Z</CreateTime><InvalidationBatch><Paths><Quantity>1</Quantity><Items>\
        <Path>/certs</Path></Items></Paths><CallerReference>r</CallerReference></InvalidationBatch></Invalidation>
        """
    }

    private func client(
        _ transport: ScriptedTransport, endpoint: ServiceEndpoint = ServiceEndpoint(host: "cloudfront.amazonaws.com")
    ) -> CloudFrontClient {
        CloudFrontClient(
            distribution: "E1BKYHE1TT8Z10", endpoint: endpoint, region: "us-east-1", client: .example(transport))
    }

    @Test("creates an invalidation of the paths with the CallerReference")
    func create() async throws {
        let transport = ScriptedTransport(.answer(201, Self.invalidation("InProgress")))
        let id = try await client(transport).createInvalidation(paths: ["/certs", "/a&b"], reference: "r<1>")
        #expect(id == "I2J0I21PCUYOIK")
        let request = transport.requests[0]
        #expect(transport.calls == ["POST https://cloudfront.amazonaws.com\(Self.path)"])
        #expect(request.maximumResponseBytes == 65_536)
        #expect(request.headers("content-type") == ["text/xml"])
        #expect(request.headers("authorization")[0].contains("/us-east-1/cloudfront/aws4_request"))
        let batch = try XMLElement(parsing: request.body)
        #expect(batch.name == "InvalidationBatch")
        #expect(batch.namespace == Self.namespace)
        #expect(batch["Paths"]?["Quantity"]?.text == "2")
        #expect(batch["Paths"]?["Items"]?.children.map(\.text) == ["/certs", "/a&b"])
        #expect(batch["CallerReference"]?.text == "r<1>")
    }

    @Test("returns the status of an invalidation", arguments: ["InProgress", "Completed"])
    func status(word: String) async throws {
        let transport = ScriptedTransport(.answer(200, Self.invalidation(word)))
        #expect(try await client(transport).status(ofInvalidation: "I2J0I21PCUYOIK") == word)
        #expect(transport.calls == ["GET https://cloudfront.amazonaws.com\(Self.path)/I2J0I21PCUYOIK"])
        #expect(transport.requests[0].body.isEmpty)
    }

    @Test("appends to the path of an endpoint override")
    func override() async throws {
        let transport = ScriptedTransport(.answer(201, Self.invalidation("InProgress")))
        let endpoint = try #require(ServiceEndpoint("http://127.0.0.1:5000/cf/"))
        _ = try await client(transport, endpoint: endpoint).createInvalidation(paths: ["/certs"], reference: "r")
        #expect(transport.calls == ["POST http://127.0.0.1:5000/cf\(Self.path)"])
    }

    @Test(
        "rejects a success that is not CloudFront's",
        arguments: [
            ErrorDocument.page, "", "<Invalidation>", "<DistributionList/>", "<html><body/></html>",
            "<Invalidation xmlns=\"\(namespace)\"/>", invalidation("", id: ""),
            invalidation("", id: String(repeating: "I", count: 65)), invalidation("", id: "I/../E"),
        ])
    func malformed(body: String) async {
        let creating = client(ScriptedTransport(.answer(201, body)))
        let created = await #expect(throws: PublishError.self) {
            try await creating.createInvalidation(paths: ["/certs"], reference: "r")
        }
        #expect(created?.kind == .malformed)
        #expect(created?.isWellFormed == true, "\(String(describing: created))")
        let asking = client(ScriptedTransport(.answer(200, body)))
        let asked = await #expect(throws: PublishError.self) { try await asking.status(ofInvalidation: "I1") }
        #expect(asked?.kind == .malformed)
    }

    @Test("reports too many invalidations as throttled")
    func throttled() async {
        let client = client(
            ScriptedTransport(
                .answer(400, ErrorDocument.query("TooManyInvalidationsInProgress"), ["Retry-After": "30"])))
        let error = await #expect(throws: PublishError.self) {
            try await client.createInvalidation(paths: ["/certs"], reference: "r")
        }
        #expect(error?.kind == .throttled)
        #expect(error?.retryAfter == 30)
    }

    @Test("names the missing permission")
    func denied() async {
        let document = ErrorDocument.query("AccessDenied", "User: arn:aws:sts::1:assumed-role/p/s is not authorized.")
        let creating = client(ScriptedTransport(.answer(403, document)))
        let created = await #expect(throws: PublishError.self) {
            try await creating.createInvalidation(paths: ["/certs"], reference: "r")
        }
        #expect(created?.message.contains("allow cloudfront:CreateInvalidation") == true)
        let asking = client(ScriptedTransport(.answer(403, document)))
        let asked = await #expect(throws: PublishError.self) { try await asking.status(ofInvalidation: "I1") }
        #expect(asked?.message.contains("allow cloudfront:GetInvalidation") == true)
    }

    @Test("does not follow redirects")
    func redirect() async {
        let transport = ScriptedTransport(.answer(302, "", ["Location": "https://evil.example.com/"]))
        let client = client(transport)
        let error = await #expect(throws: PublishError.self) { try await client.status(ofInvalidation: "I1") }
        #expect(error?.kind == .misconfigured)
        #expect(error?.message.contains("bucket") == false)
        #expect(transport.requests.count == 1)
    }
}
