import FoundationEssentials
import GatewayPluginAPI
import JSON

/// The documents as files in a directory that a static web server serves, with their stamps in `.sts-gateway` beside
/// them. Every write holds a lock, so that gateways on one machine, or on a file system with locks, detect each other's
/// writes.
struct DirectoryPublisher: DiscoveryPublisher {
    /// The directory that the issuer's URL serves.
    let directory: String
    let files: any PublisherFiles

    var location: String { directory }

    func stored(_ document: IssuerDocumentKind) async throws(PublishError) -> StoredDocument? {
        try read(document)
    }

    func content(of document: IssuerDocumentKind) async throws(PublishError) -> [UInt8]? {
        try files.read(path(of: document))
    }

    func put(
        _ document: IssuerDocumentKind, _ content: [UInt8], stamp: DocumentStamp, if condition: PutCondition
    ) async throws(PublishError) -> String {
        try await files.locked("\(directory)/.sts-gateway/lock") { () throws(PublishError) in
            let isMet =
                switch (try read(document), condition) {
                case (nil, .absent): true
                case (let stored?, .version(let expected)): stored.version == expected
                default: false
                }
            guard isMet else {
                throw PublishError(.conflict, "\(path(of: document)): another writer changed it")
            }
            // If the process ends between the two, the document has an older stamp and is written again.
            try files.write(content, to: path(of: document))
            try files.write(FileStamp(stamp).json, to: stampPath(of: document))
            return Self.version(content, FileStamp(stamp).json)
        }
    }

    /// The digest is that of the stored document, whatever the stamp's file has.
    private func read(_ document: IssuerDocumentKind) throws(PublishError) -> StoredDocument? {
        guard let content = try files.read(path(of: document)) else { return nil }
        let stampText = try files.read(stampPath(of: document)) ?? []
        let stamp = (try? JSONValue(parsing: stampText).decode(FileStamp.self)).map {
            DocumentStamp(owner: $0.owner, revision: $0.revision, digest: DocumentStamp.digest(of: content))
        }
        return StoredDocument(version: Self.version(content, stampText), stamp: stamp, length: content.count)
    }

    private func path(of document: IssuerDocumentKind) -> String { directory + document.path }

    private func stampPath(of document: IssuerDocumentKind) -> String {
        switch document {
        case .keys: "\(directory)/.sts-gateway/certs.json"
        // No path of a document has "%".
        case .namedKeys(let path):
            "\(directory)/.sts-gateway/\(path.split(separator: "/").map { "%2F\($0)" }.joined()).json"
        case .discovery: "\(directory)/.sts-gateway/openid-configuration.json"
        }
    }

    private static func version(_ content: [UInt8], _ stamp: [UInt8]) -> String {
        "\(DocumentStamp.digest(of: content))-\(DocumentStamp.digest(of: stamp))"
    }
}

/// The file format of a stamp: `{"owner": "…", "revision": 1, "sha256": "…"}`.
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
