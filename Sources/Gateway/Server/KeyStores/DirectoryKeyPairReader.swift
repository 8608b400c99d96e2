import FoundationEssentials
import GatewayCore

/// Reads key pairs from `<directory>/<name>/tls.crt` and `tls.key`, the layout of a mounted Secret of type
/// kubernetes.io/tls. For a gateway whose key store is a directory.
struct DirectoryKeyPairReader: KeyPairReading {
    let directory: String

    /// A folder has no uid: only the key identifies the pair.
    private static let uid = "directory"

    func read(_ name: String) async throws(StoreError) -> KeyPairMaterial? {
        let folder = "\(directory)/\(name)"
        guard FileManager.default.fileExists(atPath: folder) else { return nil }
        func text(_ file: String) throws(StoreError) -> String {
            guard let contents = FileManager.default.contents(atPath: "\(folder)/\(file)"), contents.count <= 1 << 20
            else { throw .rejected("\(folder)/\(file) is not readable; expected a certificate and its private key") }
            guard let text = String(validating: contents, as: UTF8.self) else {
                throw .rejected("\(folder)/\(file) is not UTF-8; expected a certificate and its private key in PEM")
            }
            return text
        }
        return KeyPairMaterial(uid: Self.uid, certificatePEM: try text("tls.crt"), keyPEM: try text("tls.key"))
    }
}
