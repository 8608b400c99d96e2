package import GatewayPluginAPI
package import JSON

/// The first upload of an issuer's documents, with the credentials of the person who runs the command.
package struct FirstUpload: Sendable {
    private let issuer: any ProvisionedIssuer
    private let documents: [IssuerDocumentKind]
    private let host: String
    private let publish: JSONValue
    private let request: String

    /// - Parameters:
    ///   - documents: that are uploaded.
    ///   - host: of the issuer.
    ///   - publish: the `publish` block with all its keys.
    ///   - request: the requests, for a plan.
    package init(
        of issuer: any ProvisionedIssuer, documents: [IssuerDocumentKind], host: String, publish: JSONValue,
        request: String
    ) {
        self.issuer = issuer
        self.documents = documents
        self.host = host
        self.publish = publish
        self.request = request
    }

    /// - Parameter isReady: whether the store of the documents exists.
    package func finding(isReady: Bool) async throws(ProvisioningError) -> ProvisioningFinding {
        let stale =
            isReady
            ? try await issuer.staleDocuments(host: host, publish: publish) : documents.map(\.path)
        guard !stale.isEmpty else { return ProvisioningFinding(existing: "the documents of the key ring") }
        let (issuer, host, publish) = (issuer, host, publish)
        return ProvisioningFinding(
            existing: nil,
            changes: [
                ProvisioningChange("upload the documents", differences: stale.map { "+ \($0)" }, request: request) {
                    () throws(ProvisioningError) in try await issuer.publishDocuments(host: host, publish: publish)
                }
            ])
    }
}
