import GatewayPluginAPI

/// The distribution in front of the bucket.
struct CloudFrontEdge: EdgeCacheInvalidating {
    let plan: PublishPlan
    let client: CloudFrontClient

    /// Paths are those that viewers ask for, whatever the origin path is.
    func invalidate(_ documents: [IssuerDocumentKind], reference: String) async throws(PublishError) -> String {
        try await client.createInvalidation(
            paths: documents.map { PercentEncoding.encode((plan.issuerPath + $0.path).utf8, keepsSlash: true) },
            reference: reference)
    }

    func isComplete(_ invalidation: String) async throws(PublishError) -> Bool {
        try await client.status(ofInvalidation: invalidation) == "Completed"
    }
}
