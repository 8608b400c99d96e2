import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import OIDCPlugin

@Suite("Publishing into a folder")
struct DirectoryPublisherTests {
    private let files = FilesInMemory()
    private let publisher: DirectoryPublisher
    private let content = Array(#"{"keys":[]}"#.utf8)

    init() { publisher = DirectoryPublisher(folder: "/srv/www/issuer", files: files) }

    private func stamp(_ content: [UInt8], revision: Int = 3) -> DocumentStamp {
        DocumentStamp(owner: "owner", revision: revision, digest: DocumentStamp.digest(of: content))
    }

    @Test("Documents lie where the issuer's URL has them, and their stamps beside them")
    func places() async throws {
        for kind in IssuerDocumentKind.allCases {
            #expect(try await publisher.stored(kind) == nil)
            _ = try await publisher.put(kind, content, stamp: stamp(content), if: .absent)
        }
        #expect(
            files.paths == [
                "/srv/www/issuer/.sts-gateway/certs.json", "/srv/www/issuer/.sts-gateway/openid-configuration.json",
                "/srv/www/issuer/.well-known/openid-configuration", "/srv/www/issuer/certs",
            ])
        #expect(files["/srv/www/issuer/certs"] == content)
    }

    @Test("What was written is found again, with its stamp and the version that writing told")
    func stored() async throws {
        let version = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        #expect(
            try await publisher.stored(.keys)
                == StoredDocument(version: version, stamp: stamp(content), length: content.count))
    }

    @Test("A write is only done while what is there is what was seen")
    func conditions() async throws {
        let version = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        for condition in [PutCondition.absent, .version("other")] {
            let error = await #expect(throws: PublishError.self) {
                try await publisher.put(.keys, [1], stamp: stamp([1]), if: condition)
            }
            #expect(error?.kind == .conflict)
        }
        files["/srv/www/issuer/certs"] = nil
        let gone = await #expect(throws: PublishError.self) {
            try await publisher.put(.keys, [1], stamp: stamp([1]), if: .version(version))
        }
        #expect(gone?.kind == .conflict)
        _ = try await publisher.put(.keys, [1], stamp: stamp([1]), if: .absent)
    }

    @Test("A document that was changed by hand shows by its digest")
    func drift() async throws {
        let version = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        files["/srv/www/issuer/certs"] = Array("{}".utf8)
        let stored = try #require(try await publisher.stored(.keys))
        #expect(stored.version != version)
        #expect(stored.stamp?.owner == "owner" && stored.stamp?.digest == DocumentStamp.digest(of: Array("{}".utf8)))
    }

    @Test("A document without a stamp, or with one that is garbage, is nobody's")
    func unstamped() async throws {
        files["/srv/www/issuer/certs"] = content
        #expect(try await publisher.stored(.keys)?.stamp == nil)
        files["/srv/www/issuer/.sts-gateway/certs.json"] = [0xFF]
        #expect(try await publisher.stored(.keys)?.stamp == nil)
    }

    @Test("A stop between a document and its stamp leaves the older stamp, so that it is written again")
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
        "The folder of a publish block is the root of the issuer's host", arguments: ["/srv/www", "/srv/www/", "www"])
    func plan(directory: String) throws {
        let endpoint = try #require(Endpoint.example(path: "/reports"))
        let settings = try JSONDecoder().decode(
            OIDCProvider.PublisherSettings.self, from: Data(#"{"directory": "\#(directory)"}"#.utf8))
        let plan = try #require(try OIDCProvider.publisher(for: endpoint, settings: settings))
        let publisher = plan.open(.example(files: files))
        #expect(publisher.location == (directory == "www" ? "www/reports" : "/srv/www/reports"))
        #expect(publisher.edgeCache == nil)
    }

    @Test("No folder is refused, with its key")
    func refused() throws {
        let endpoint = try #require(Endpoint.example(path: ""))
        let settings = try JSONDecoder().decode(
            OIDCProvider.PublisherSettings.self, from: Data(#"{"directory": ""}"#.utf8))
        let errors = #expect(throws: SettingsErrors.self) {
            try OIDCProvider.publisher(for: endpoint, settings: settings)
        }
        #expect(errors?.errors.map(\.key) == ["publish.directory"])
    }
}
