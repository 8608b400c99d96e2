import GatewayCore

/// The port to who trusts the gateway's authorities beside Pods.
protocol WebhookEvidenceReading: Sendable {
    var webhooks: ServingEvidence.Webhooks { get }
    /// An element for each change from now on.
    func changes() -> AsyncStream<Void>
}

/// For a gateway that no webhook configuration trusts by its own authorities.
struct NoWebhookTrust: WebhookEvidenceReading {
    let webhooks = ServingEvidence.Webhooks.nobody
    func changes() -> AsyncStream<Void> { AsyncStream { _ in } }
}
