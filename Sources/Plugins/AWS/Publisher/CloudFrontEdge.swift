import GatewayPluginAPI

/// The distribution in front of the bucket.
struct CloudFrontEdge: EdgeCacheInvalidating {
    let plan: PublishPlan
    let client: CloudFrontClient

    /// Paths are those that viewers ask for, whatever the origin path is; "~" is escaped, for CloudFront wants every
    /// character so that RFC 1738 calls unsafe.
    func invalidate(_ documents: [IssuerDocumentKind], reference: String) async throws(PublishError) -> String {
        try await client.createInvalidation(
            paths: documents.map { document in
                PercentEncoding.encode((plan.issuerPath + document.path).utf8, keepsSlash: true)
                    .split(separator: "~", omittingEmptySubsequences: false).joined(separator: "%7E")
            },
            reference: reference)
    }

    func isComplete(_ invalidation: String) async throws(PublishError) -> Bool {
        try await client.status(ofInvalidation: invalidation).lowercased() == "completed"
    }
}
