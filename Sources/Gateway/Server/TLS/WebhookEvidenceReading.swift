import GatewayCore

/// The port that reads which CAs the webhook configurations trust.
protocol WebhookEvidenceReading: Sendable {
    var webhooks: ServingEvidence.Webhooks { get }
    /// Yields an element for each later change.
    func changes() -> AsyncStream<Void>
}

/// The evidence of a gateway without webhook configurations that trust its self-signed CAs.
struct NoWebhookTrust: WebhookEvidenceReading {
    let webhooks = ServingEvidence.Webhooks.notManaged
    func changes() -> AsyncStream<Void> { AsyncStream { _ in } }
}
