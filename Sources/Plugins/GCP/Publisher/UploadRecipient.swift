import CloudAPI
import GatewayPluginAPI
import JOSE
import JSON
import Logging

/// A provider of a workload identity pool with an uploaded key set (IAM API v1, `oidc.jwksJson`). Such a provider only
/// compares the issuer. The API has no conditional write: the provider is read again right before the update.
struct UploadRecipient: KeyRecipient {
    let plan: PublishPlan
    let provider: PoolProvider
    let client: GoogleClient
    let exchange: TokenExchange
    let logger: Logger

    var location: String { plan.location }

    func stored() async throws(PublishError) -> StoredKeySet? { try await read().stored(issuer: plan.issuer) }

    func replace(_ stored: StoredKeySet?, with keys: JSONWebKeySet) async throws(PublishError) {
        let current = try await read()
        guard current.stored(issuer: plan.issuer)?.version == stored?.version else {
            throw PublishError(.conflict, "\(provider.name) was changed by another writer")
        }
        var oidc: [JSONValue.Member] = [.init("jwksJson", .string(UploadedKeys.text(of: keys)))]
        var mask = ["oidc.jwksJson"]
        if current.issuer != plan.issuer {
            oidc.append(.init("issuerUri", .string(plan.issuer)))
            mask.append("oidc.issuerUri")
        }
        var body: [JSONValue.Member] = [.init("oidc", .object(oidc))]
        if current.waitsForKeys {
            body.append(.init("disabled", false))
            mask.append("disabled")
        }
        try await client.operate(
            "PATCH", "\(provider.name)?updateMask=\(mask.joined(separator: "%2C"))", .object(body), advice: advice)
    }

    /// A trial exchange. Google documents neither in which order it checks a token, nor the reasons of all rejections, so
    /// only a successful exchange shows that the signature is accepted.
    func accepts(_ token: String) async throws(PublishError) -> Bool {
        switch try await exchange.exchange(token, audience: provider.resourceName) {
        case .token: return true
        case .rejected(let failure):
            switch failure.code {
            case "unauthorized_client":
                throw PublishError(
                    .misconfigured,
                    failure.error(
                        call: "trial exchange",
                        advice: "the attribute condition of the provider rejects the subject of the trial; allow it"
                    ).message)
            case "invalid_target":
                throw PublishError(
                    .misconfigured,
                    failure.error(
                        call: "trial exchange", advice: "the pool or the provider is disabled or deleted; enable it"
                    ).message)
            default:
                logger.warning("trial exchange rejected", metadata: ["reason": "\(failure.summary)"])
                return false
            }
        }
    }

    private func read() async throws(PublishError) -> UploadedKeys {
        let answer = try await client.iam("GET", provider.name, expected: [404], advice: advice)
        guard answer.status != 404 else {
            throw PublishError(
                .misconfigured,
                "the provider \(provider.name) does not exist; run sts-gateway provision gcp --endpoint \(plan.endpoint)"
            )
        }
        guard answer.json["state"] != "DELETED" else {
            throw PublishError(
                .misconfigured,
                "the provider \(provider.name) is deleted; restore it with gcloud iam workload-identity-pools providers "
                    + "undelete")
        }
        return UploadedKeys(answer.json)
    }

    private var advice: String {
        "grant roles/iam.workloadIdentityPoolAdmin on the pool to the gateway's principal"
    }
}
