import AWSXML
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("A distribution in front of a bucket")
struct CloudFrontCacheTests {
    private func edge(_ transport: ScriptedTransport, path: String = "") throws -> any EdgeCacheInvalidating {
        let publisher = try PublishPlan.example(
            """
            {"bucket": "bucket", "region": "eu-central-1", "credentials": ["environment"], "prefix": "origin",
             "distribution": "E1BKYHE1TT8Z10"}
            """, path: path
        ).open(.example(transport, environment: ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"]))
        return try #require(publisher.edgeCache)
    }

    private static func answer(_ status: String) -> ScriptedTransport.Answer {
        .answer(201, "<Invalidation><Id>I1</Id><Status>\(status)</Status></Invalidation>")
    }

    @Test(
        "invalidates the paths of viewer requests, not the object keys",
        arguments: [
            ("", ["/certs", "/.well-known/openid-configuration"]),
            ("/one", ["/one/certs", "/one/.well-known/openid-configuration"]),
            ("/~a_b/x-y", ["/%7Ea_b/x-y/certs", "/%7Ea_b/x-y/.well-known/openid-configuration"]),
        ])
    func paths(path: String, paths: [String]) async throws {
        let transport = ScriptedTransport(Self.answer("InProgress"))
        #expect(try await edge(transport, path: path).invalidate([.keys, .discovery], reference: "r-1") == "I1")
        let batch = try XMLElement(parsing: transport.requests[0].body)
        #expect(batch["Paths"]?["Items"]?.children.map(\.text) == paths)
        #expect(batch["CallerReference"]?.text == "r-1")
    }

    @Test(
        "is complete when the invalidation is Completed",
        arguments: [("InProgress", false), ("Completed", true)])
    func completed(status: String, isComplete: Bool) async throws {
        let transport = ScriptedTransport(Self.answer(status))
        #expect(try await edge(transport).isComplete("I1") == isComplete)
        #expect(transport.calls[0].hasSuffix("/distribution/E1BKYHE1TT8Z10/invalidation/I1"))
    }
}
