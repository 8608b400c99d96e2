import Crypto
import FoundationEssentials
package import GatewayCore
import JOSE
import LocalFiles
import Synchronization

/// Key rings in a directory, one file `<endpoint>.keyring.json` each (0600), for one machine. Not for a shared file
/// system without locks.
package struct DirectorySigningKeyStore: SigningKeyStore {
    private let directory: PrivateDirectory

    /// - Throws: `unavailable` where the directory is missing and cannot be made.
    package init(path: String) throws(KeyStoreError) { directory = try PrivateDirectory(path: path) }

    package func load(endpoint: String) async throws(KeyStoreError) -> StoredKeyRing? {
        guard let document = try directory.read(Self.fileName(endpoint)) else { return nil }
        return StoredKeyRing(
            ring: try KeyRingDocument.decode(document, endpoint: endpoint), version: Self.version(document))
    }

    package func save(
        _ ring: KeyRing, replacing expected: KeyRingVersion?
    ) async throws(KeyStoreError) -> KeyRingVersion {
        let document = try KeyRingDocument.encode(ring)
        let name = Self.fileName(ring.endpoint)
        try await directory.locked(name) { () throws(KeyStoreError) in
            guard try directory.read(name).map(Self.version) == expected else { throw .conflict }
            try directory.write(document, to: name)
        }
        return Self.version(document)
    }

    package func delete(endpoint: String, version: KeyRingVersion) async throws(KeyStoreError) {
        let name = Self.fileName(endpoint)
        try await directory.locked(name) { () throws(KeyStoreError) in
            guard try directory.read(name).map(Self.version) == version else { throw .conflict }
            try directory.remove(name)
        }
    }

    package func endpoints() async throws(KeyStoreError) -> [String] { try names().sorted() }

    func names() throws(KeyStoreError) -> [String] {
        try directory.names().filter { $0.hasSuffix(Self.suffix) }.map { String($0.dropLast(Self.suffix.count)) }
    }

    func signature(of endpoint: String) -> FileSignature? { directory.signature(Self.fileName(endpoint)) }

    private static let suffix = ".keyring.json"
    private static func fileName(_ endpoint: String) -> String { endpoint + suffix }

    private static func version(_ document: Data) -> KeyRingVersion {
        KeyRingVersion(rawValue: Base64URL.encode(Array(SHA256.hash(data: document))))
    }
}
