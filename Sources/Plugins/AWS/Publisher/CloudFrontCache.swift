import GatewayPluginAPI

/// The CloudFront distribution in front of the bucket.
struct CloudFrontCache: EdgeCacheInvalidating {
    let plan: PublishPlan
    let client: CloudFrontClient

    /// The paths are those of viewer requests, without the origin path. "~" is percent-encoded: CloudFront requires that
    /// for every character that RFC 1738 calls unsafe.
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
