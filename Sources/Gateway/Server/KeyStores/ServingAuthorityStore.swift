public import FoundationEssentials
public import GatewayCore

/// Keeps the gateway's own serving authority beside the key rings: `serving-ca.pem` and `serving-ca-key.pem`.
public struct ServingAuthorityStore: Sendable {
    private let directory: PrivateDirectory
    private static let certificateFile = "serving-ca.pem"
    private static let keyFile = "serving-ca-key.pem"

    public init(path: String) throws(KeyStoreError) { directory = try PrivateDirectory(path: path) }

    /// The authority that is there, or a new one where there is none.
    public func authority(at now: Date) throws(KeyStoreError) -> ServingAuthority {
        try directory.lockedAtStart(Self.keyFile) { () throws(KeyStoreError) in
            let certificate = try directory.read(Self.certificateFile)
            let key = try directory.read(Self.keyFile)
            do {
                if let certificate, let key {
                    return try ServingAuthority(
                        certificatePEM: String(decoding: certificate, as: UTF8.self),
                        keyPEM: String(decoding: key, as: UTF8.self))
                }
                let authority = try ServingAuthority(from: now)
                try directory.write(Data(authority.keyPEM.utf8), to: Self.keyFile)
                try directory.write(Data(authority.certificatePEM.utf8), to: Self.certificateFile)
                return authority
            } catch let error as KeyStoreError {
                throw error
            } catch {
                throw .unavailable(
                    "\(directory.path)/\(Self.certificateFile) and \(Self.keyFile) are no authority; "
                        + "move them away to have a new one made")
            }
        }
    }
}
