import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import OIDCPlugin

@Suite("Publishing into a directory")
struct DirectoryPublisherTests {
    private let files = FilesInMemory()
    private let publisher: DirectoryPublisher
    private let content = Array(#"{"keys":[]}"#.utf8)

    init() { publisher = DirectoryPublisher(directory: "/srv/www/issuer", files: files) }

    private func stamp(_ content: [UInt8], revision: Int = 3) -> DocumentStamp {
        DocumentStamp(owner: "owner", revision: revision, digest: DocumentStamp.digest(of: content))
    }

    @Test("Documents are stored at the paths of the issuer's URL, and their stamps beside them")
    func places() async throws {
        for kind in [.keys, .namedKeys(path: "/openid/v1/jwks"), .discovery] as [IssuerDocumentKind] {
            #expect(try await publisher.stored(kind) == nil)
            _ = try await publisher.put(kind, content, stamp: stamp(content), if: .absent)
        }
        #expect(
            files.paths == [
                "/srv/www/issuer/.sts-gateway/%2Fopenid%2Fv1%2Fjwks.json",
                "/srv/www/issuer/.sts-gateway/certs.json", "/srv/www/issuer/.sts-gateway/openid-configuration.json",
                "/srv/www/issuer/.well-known/openid-configuration", "/srv/www/issuer/certs",
                "/srv/www/issuer/openid/v1/jwks",
            ])
        #expect(files["/srv/www/issuer/certs"] == content)
    }

    @Test("A written document is returned with its stamp and the version of the write")
    func stored() async throws {
        let version = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        #expect(
            try await publisher.stored(.keys)
                == StoredDocument(version: version, stamp: stamp(content), length: content.count))
    }

    @Test("A write is rejected where the stored document is not the expected one")
    func conditions() async throws {
        let version = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        for condition in [PutCondition.absent, .version("other")] {
            let error = await #expect(throws: PublishError.self) {
                try await publisher.put(.keys, [1], stamp: stamp([1]), if: condition)
            }
            #expect(error?.kind == .conflict)
        }
        files["/srv/www/issuer/certs"] = nil
        let deleted = await #expect(throws: PublishError.self) {
            try await publisher.put(.keys, [1], stamp: stamp([1]), if: .version(version))
        }
        #expect(deleted?.kind == .conflict)
        _ = try await publisher.put(.keys, [1], stamp: stamp([1]), if: .absent)
    }

    @Test("A document that was edited by hand has another digest")
    func drift() async throws {
        let version = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        files["/srv/www/issuer/certs"] = Array("{}".utf8)
        let stored = try #require(try await publisher.stored(.keys))
        #expect(stored.version != version)
        #expect(stored.stamp?.owner == "owner" && stored.stamp?.digest == DocumentStamp.digest(of: Array("{}".utf8)))
    }

    @Test("A document without a stamp, or with a malformed one, has no owner")
    func unstamped() async throws {
        files["/srv/www/issuer/certs"] = content
        #expect(try await publisher.stored(.keys)?.stamp == nil)
        files["/srv/www/issuer/.sts-gateway/certs.json"] = [0xFF]
        #expect(try await publisher.stored(.keys)?.stamp == nil)
    }

    @Test("A process that ends between document and stamp leaves the older stamp, so the document is written again")
    func torn() async throws {
        let version = try await publisher.put(.keys, content, stamp: stamp(content, revision: 3), if: .absent)
        files.failNextWrite(of: "/srv/www/issuer/.sts-gateway/certs.json")
        await #expect(throws: PublishError.self) {
            try await publisher.put(.keys, [1], stamp: stamp([1], revision: 4), if: .version(version))
        }
        let stored = try #require(try await publisher.stored(.keys))
        #expect(stored.stamp?.revision == 3)
        _ = try await publisher.put(.keys, [1], stamp: stamp([1], revision: 4), if: .version(stored.version))
        #expect(try await publisher.stored(.keys)?.stamp == stamp([1], revision: 4))
    }

    @Test(
        "The directory of a publish block is the root of the issuer's host",
        arguments: ["/srv/www", "/srv/www/", "www"])
    func plan(directory: String) throws {
        let endpoint = try #require(Endpoint.example(path: "/reports"))
        let settings = try JSONDecoder().decode(
            OIDCProvider.PublisherSettings.self, from: Data(#"{"directory": "\#(directory)"}"#.utf8))
        let plan = try #require(try OIDCProvider.publisher(for: endpoint, settings: settings))
        let publisher = try #require(plan.open(.example(files: files)))
        #expect(publisher.location == (directory == "www" ? "www/reports" : "/srv/www/reports"))
        #expect(publisher.edgeCache == nil)
    }

    @Test("A missing directory is rejected with its key")
    func rejected() throws {
        let endpoint = try #require(Endpoint.example(path: ""))
        let settings = try JSONDecoder().decode(
            OIDCProvider.PublisherSettings.self, from: Data(#"{"directory": ""}"#.utf8))
        let errors = #expect(throws: SettingsErrors.self) {
            try OIDCProvider.publisher(for: endpoint, settings: settings)
        }
        #expect(errors?.errors.map(\.key) == ["publish.directory"])
    }
}
