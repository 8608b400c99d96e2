import FoundationEssentials
import GatewayCore

/// For a gateway that keeps its keys in a directory: `<directory>/<name>/tls.crt` and `tls.key`, as a mounted Secret has
/// them.
struct DirectoryKeyPairReader: KeyPairReading {
    let directory: String

    /// A folder has no uid of its own: only its key tells it from another.
    private static let uid = "directory"

    func read(_ name: String) async throws(StoreError) -> KeyPairMaterial? {
        let folder = "\(directory)/\(name)"
        guard FileManager.default.fileExists(atPath: folder) else { return nil }
        func text(_ file: String) throws(StoreError) -> String {
            guard let contents = FileManager.default.contents(atPath: "\(folder)/\(file)"), contents.count <= 1 << 20
            else { throw .refused("\(folder)/\(file) cannot be read; put a certificate and its key there") }
            guard let text = String(validating: contents, as: UTF8.self) else {
                throw .refused("\(folder)/\(file) is not UTF-8; put a certificate and its key in PEM there")
            }
            return text
        }
        return KeyPairMaterial(uid: Self.uid, certificatePEM: try text("tls.crt"), keyPEM: try text("tls.key"))
    }
}
