import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization
import Testing

@testable import GCPPlugin

@Suite("The publication to a bucket of Cloud Storage")
struct BucketPublisherTests {
    private let google = GoogleInMemory()

    init() { google.set("gs://documents", ["name": "documents"]) }

    private func plan(
        _ members: String = "", host: String = "issuer.example.com", path: String = ""
    ) throws -> PublisherPlan {
        let endpoint = try #require(Endpoint.example(host: host, path: path))
        let settings = try JSONValue(
            parsing: Array(#"{"bucket": "documents", "credentials": ["metadata"]\#(members)}"#.utf8)
        ).decode(GCPProvider.PublisherSettings.self)
        return try #require(try GCPProvider.publisher(for: endpoint, settings: settings))
    }

    private func publisher(_ transport: ScriptedTransport? = nil) throws -> any DiscoveryPublisher {
        try #require(
            try plan().open(
                .example(
                    transport: transport ?? google.transport,
                    environment: ["CLOUDSDK_AUTH_ACCESS_TOKEN": "administrator"], isByAdministrator: true)))
    }

    private func stamp(_ content: [UInt8]) -> DocumentStamp {
        DocumentStamp(owner: "ring", revision: 1, digest: DocumentStamp.digest(of: content))
    }

    @Test("The publisher keeps the rules of the plugin API")
    func conformance() async throws { #expect(await checkConformance(of: try publisher()) == []) }

    @Test("An object has its type, its Cache-Control and the stamp, and is read back without another request for it")
    func headers() async throws {
        let transport = google.transport
        let publisher = try publisher(transport)
        _ = try await publisher.put(.keys, [1, 2], stamp: stamp([1, 2]), if: .absent)
        let metadata = try #require(google.state.withLock { $0.objects["documents/certs"]?.metadata })
        #expect(metadata["contentType"] == "application/json" && metadata["cacheControl"] == "max-age=300")
        #expect(metadata["metadata"] == ["sts-owner": "ring", "sts-revision": "1"])
        _ = try await publisher.stored(.keys)
        #expect(!transport.calls.contains { $0.contains("alt=media") })
    }

    @Test("An object with other content, type or Cache-Control is written again")
    func changed() async throws {
        let content = Array("{}".utf8)
        let publisher = try publisher()
        _ = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        google.state.withLock { state in
            guard var object = state.objects["documents/certs"] else { return }
            object.metadata = object.metadata.setting("text/plain", at: "contentType")
            state.objects["documents/certs"] = object
        }
        #expect(try await publisher.stored(.keys)?.stamp?.digest == "")
        google.state.withLock { state in
            guard var object = state.objects["documents/certs"] else { return }
            (object.generation, object.content) = (900, [7])
            object.metadata = object.metadata.setting("application/json", at: "contentType")
                .setting("900", at: "generation")
            state.objects["documents/certs"] = object
        }
        let stored = try #require(try await publisher.stored(.keys))
        #expect(stored.version == "900" && stored.stamp?.digest == DocumentStamp.digest(of: [7]))
        #expect(try await publisher.content(of: .keys) == [7])
    }

    @Test("The objects' names follow from the issuer's path and the host that serves them")
    func names() throws {
        #expect(try plan().location == "gs://documents")
        #expect(try plan(#", "prefix": "/a/""#, path: "/b").location == "gs://documents/a/b")
        #expect(try plan(host: "storage.googleapis.com", path: "/documents/b").location == "gs://documents/b")
        #expect(try plan(host: "documents.storage.googleapis.com", path: "/b").location == "gs://documents/b")
        for (host, path, key) in [
            ("storage.googleapis.com", "/other", "issuer.path"), ("other.storage.googleapis.com", "", "issuer.host"),
        ] {
            let error = #expect(throws: SettingsErrors.self) { try plan(host: host, path: path) }
            #expect(error?.errors.map(\.key) == [key])
        }
    }

    @Test("A bucket that does not exist, and a missing permission, are named")
    func errors() async throws {
        google.set("gs://documents", nil)
        let missing = await #expect(throws: PublishError.self) {
            try await publisher().put(.keys, [], stamp: stamp([]), if: .absent)
        }
        #expect(missing?.kind == .misconfigured && missing?.message.contains("publish.bucket") == true)
        let denied = await #expect(throws: PublishError.self) {
            try await publisher(
                ScriptedTransport(.answer(403, #"{"error": {"code": 403, "message": "no storage.objects.get"}}"#))
            ).stored(.keys)
        }
        #expect(denied?.kind == .denied && denied?.message.contains("roles/storage.objectUser") == true)
    }
}
