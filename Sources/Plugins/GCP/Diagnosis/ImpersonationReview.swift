import GatewayPluginAPI
import JSON

/// Whether the allow policy of a service account lets a mapped subject impersonate it.
struct ImpersonationReview {
    let policy: AccessPolicy
    let provider: PoolProvider
    let subject: String
    let attributes: MappedAttributes

    /// Both have `iam.serviceAccounts.getAccessToken`.
    private static let roles = [Grant.impersonation, "roles/iam.serviceAccountTokenCreator"]

    private enum Match {
        /// By the principal of the subject.
        case exact
        /// By a set of principals.
        case wide
    }

    func finding(_ check: String, _ account: String) -> RelyingPartyFinding {
        var conditional = false
        var wide: String?
        for binding in policy.json["bindings"]?.elementList ?? []
        where Self.roles.contains(binding["role"]?.stringValue ?? "") {
            for member in binding["members"]?.elementList?.compactMap(\.stringValue) ?? [] {
                guard let match = match(member) else { continue }
                guard binding["condition"] == nil else {
                    conditional = true
                    continue
                }
                guard match == .wide else {
                    return RelyingPartyFinding(check, .ok, "\(account) can be impersonated by \(member)")
                }
                wide = member
            }
        }
        let principal = provider.principal(subject)
        if let wide {
            return RelyingPartyFinding(
                check, .warning(.wide), "\(account) can be impersonated by \(wide), which is more than the workload",
                advice: "grant \(Grant.impersonation) to \(principal) in its place")
        }
        if conditional {
            return RelyingPartyFinding(
                check, .notChecked, "the binding of \(account) has a condition, which only Google evaluates",
                advice: "exchange a token with --exchange")
        }
        return RelyingPartyFinding(
            check, .failed(.workload), "the policy of \(account) does not let \(principal) impersonate it",
            advice: "gcloud iam service-accounts add-iam-policy-binding \(account) --role=\(Grant.impersonation) "
                + "--member=\(principal)")
    }

    private func match(_ member: String) -> Match? {
        if member == provider.principal(subject) { return .exact }
        if member == "allUsers" || member == "allAuthenticatedUsers" { return .wide }
        let set = "principalSet://iam.googleapis.com/\(provider.poolName)/"
        guard member.hasPrefix(set) else { return nil }
        let rest = member.dropFirst(set.count)
        if rest == "*" { return .wide }
        let parts = rest.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0].hasPrefix("attribute.") else { return nil }
        return attributes.value(parts[0])?.stringValue == parts[1] ? .wide : nil
    }
}
