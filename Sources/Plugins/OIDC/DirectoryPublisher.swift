import FoundationEssentials
import GatewayPluginAPI
import JSON

/// The two documents as files below a folder that any static web server serves, with their stamps in `.sts-gateway`
/// beside them. Every write is under a lock, so that two gateways on one machine, or on a file system with locks, never
/// overwrite each other unseen.
struct DirectoryPublisher: DiscoveryPublisher {
    /// What the issuer's URL serves.
    let folder: String
    let files: any PublisherFiles

    var location: String { folder }

    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        try read(document)
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        try await files.locked("\(folder)/.sts-gateway/lock") { () throws(PublishError) in
            let isAsSeen =
                switch (try read(document), condition) {
                case (nil, .absent): true
                case (let stored?, .version(let seen)): stored.version == seen
                default: false
                }
            guard isAsSeen else {
                throw PublishError(.conflict, "\(path(of: document)): somebody else wrote it in between")
            }
            // A stop between the two leaves a document with an older stamp, which is written again.
            try files.write(content, to: path(of: document))
            try files.write(FileStamp(stamp).json, to: stampPath(of: document))
            return Self.version(content, FileStamp(stamp).json)
        }
    }

    /// The digest is that of what is there, whatever the stamp's file says.
    private func read(_ document: IssuerDocumentKind) throws(PublishError) -> StoredDocument? {
        guard let content = try files.read(path(of: document)) else { return nil }
        let kept = try files.read(stampPath(of: document)) ?? []
        let stamp = (try? JSONValue(parsing: kept).decode(FileStamp.self)).map {
            DocumentStamp(owner: $0.owner, revision: $0.revision, digest: DocumentStamp.digest(of: content))
        }
        return StoredDocument(version: Self.version(content, kept), stamp: stamp, length: content.count)
    }

    private func path(of document: IssuerDocumentKind) -> String { folder + document.path }

    private func stampPath(of document: IssuerDocumentKind) -> String {
        switch document {
        case .keys: "\(folder)/.sts-gateway/certs.json"
        case .discovery: "\(folder)/.sts-gateway/openid-configuration.json"
        }
    }

    private static func version(_ content: [UInt8], _ stamp: [UInt8]) -> String {
        "\(DocumentStamp.digest(of: content))-\(DocumentStamp.digest(of: stamp))"
    }
}

/// A stamp as it is kept: `{"owner": "…", "revision": 1, "sha256": "…"}`.
private struct FileStamp: Codable {
    let owner: String
    let revision: Int
    let sha256: String

    init(_ stamp: DocumentStamp) {
        (owner, revision, sha256) = (stamp.owner, stamp.revision, stamp.digest)
    }

    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }
}
