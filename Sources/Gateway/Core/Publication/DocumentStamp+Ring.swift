import Crypto
public import GatewayPluginAPI

extension DocumentStamp {
    /// The stamp of a document that a key ring publishes.
    public init(ring: KeyRing, content: [UInt8]) {
        let digest = SHA256.hash(data: content).map { byte in
            let hexadecimal = String(byte, radix: 16)
            return byte < 16 ? "0" + hexadecimal : hexadecimal
        }.joined()
        self.init(owner: ring.owner, revision: ring.revision, digest: digest)
    }
}
