package import GatewayPluginAPI

extension DocumentStamp {
    /// The stamp of a document that a key ring publishes.
    package init(ring: KeyRing, content: [UInt8]) {
        self.init(owner: ring.owner, revision: ring.revision, digest: Self.digest(of: content))
    }
}
