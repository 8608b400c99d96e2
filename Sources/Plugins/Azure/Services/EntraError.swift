import CloudAPI
import GatewayPluginAPI

/// An error of the token endpoint of Microsoft Entra (RFC 6749 §5.2), whose description begins with a code such as
/// `AADSTS700213`.
struct EntraError: Sendable {
    /// Such as `AADSTS700213`; nil where the description has none.
    let code: String?
    private let failure: ServiceFailure

    init(_ failure: ServiceFailure) {
        self.failure = failure
        let digits = failure.message.firstRange(of: "AADSTS").map { found in
            failure.message[found.upperBound...].prefix { $0.isASCII && $0.isNumber }
        }
        code = digits.flatMap { $0.isEmpty ? nil : "AADSTS\($0)" }
    }

    /// For the operator.
    func error(_ call: String, reference: String?) -> PublishError {
        let kind: PublishError.Kind =
            switch (failure.status, code) {
            // Throttled by Entra, or a temporary failure (azure-identity, MSAL).
            case (429, _), (_, "AADSTS50196"): .throttled
            case (500..., _), (_, "AADSTS90033"): .unavailable
            default: .denied
            }
        return PublishError(
            kind, summary(call) + (advice.map { "; \($0)" } ?? ""), retryAfter: failure.retryAfter,
            reference: reference)
    }

    /// The call, its status, and what Entra says, on one line.
    func summary(_ call: String) -> String {
        // The first line; the others are the ids and the time of the request.
        let first = failure.message.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return "\(call): status \(failure.status): \(ServiceFailure.oneLine(first.isEmpty ? failure.code : first))"
    }

    /// What to do ("Microsoft Entra authentication and authorization error codes").
    var advice: String? {
        switch code {
        case "AADSTS70021":
            "no federated credential matches, or a new one is not known everywhere yet; compare issuer, subject and audience"
        case "AADSTS700211": "no federated credential has the token's issuer; compare it, also the final slash"
        case "AADSTS700212": "no federated credential has the token's audience"
        case "AADSTS700213": "no federated credential has the token's subject; upper and lower case differ"
        case "AADSTS90061", "AADSTS50166", "AADSTS501661":
            "Entra cannot read the issuer's documents; check with sts-gateway publish --check"
        case "AADSTS700027", "AADSTS5000819":
            "Entra does not know the key; the publication has failed, or Entra still has the older key set"
        case "AADSTS700024": "the token is not valid at this time; check the clock"
        case "AADSTS700016": "the application is not in this tenant; correct the client id or the tenant"
        case "AADSTS7000229":
            "the application has no service principal in this tenant; create it: az ad sp create --id CLIENT"
        case "AADSTS7000112": "the service principal of the application is disabled; enable it"
        case "AADSTS53003": "a Conditional Access policy for workload identities blocks the call"
        case "AADSTS90002": "there is no such tenant; correct settings.tenant"
        case "AADSTS7000215": "the client secret is not valid; write its value, not its id"
        case "AADSTS7000222": "the client secret has expired; create another"
        default: nil
        }
    }
}
