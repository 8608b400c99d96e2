import GatewayPluginAPI

/// Deletes the OIDC provider of the issuer in each account. It stays while a role of any account trusts it; an account that
/// cannot be read counts as trusting.
struct IdentityProvidersRemoval: ProvisioningStep {
    let id = "identity-provider"
    let title = "IAM OIDC provider of the issuer in each account"
    let removal: Deprovisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let readings = try await removal.surveys()
        var (existing, kept, keeping): ([String], [String], [String]) = ([], [], [])
        var changes: [ProvisioningChange] = []
        var unreadable: [String] = []
        for reading in readings {
            guard case .failure(let error) = reading.survey else { continue }
            let reason = "the account \(reading.account), which cannot be read (\(error)) and counts as trusting"
            unreadable.append(reason)
            kept.append("OIDC providers of the account \(reading.account): it cannot be read")
            keeping.append(reason)
        }
        let trusts = try await trusts(readings)
        for case .success(let survey) in readings.map(\.survey) {
            for provider in survey.providers {
                existing.append(provider.arn)
                let users = trusts.filter { $0.trusts(provider.arn) }.map(\.arn) + unreadable
                let reason: String?
                if !users.isEmpty {
                    reason = "it is trusted by \(users.joined(separator: ", "))"
                } else {
                    switch provider.ownership {
                    case .ours:
                        reason = nil
                        changes.append(deletion(provider, survey.iam))
                    case .adopted:
                        reason = "it was not created by this endpoint"
                        changes += release(provider, survey.iam)
                    case .unowned: reason = "it was not created by this endpoint"
                    case .foreign(let owner): reason = "it belongs to \(owner)"
                    }
                }
                guard let reason else { continue }
                kept.append("\(provider.arn): \(reason)")
                keeping.append("the OIDC provider \(provider.arn)")
            }
        }
        // A role may trust a provider that was deleted by hand: whoever creates it again needs the issuer's host.
        let arns = Set(existing)
        for role in trusts where !arns.contains(where: role.trusts) { keeping.append("the role \(role.arn)") }
        removal.keep(id, keeping)
        return ProvisioningFinding(
            existing: existing.isEmpty ? nil : existing.joined(separator: ", "), changes: changes, kept: kept)
    }

    /// A role that stays and trusts the issuer.
    private struct TrustingRole {
        let arn: String
        let policy: PolicyDocument?

        func trusts(_ provider: String) -> Bool { Deprovisioner.trusts(policy) { $0 == provider } }
    }

    private func trusts(
        _ readings: [Deprovisioner.Reading]
    ) async throws(ProvisioningError) -> [TrustingRole] {
        let issuers = try await removal.issuers()
        var found: [TrustingRole] = []
        for case .success(let survey) in readings.map(\.survey) {
            let known = Set(survey.providers.map(\.arn))
            for role in survey.roles {
                let fate = try await removal.fate(role, survey.iam)
                guard fate.kept != nil else { continue }
                let isTrusting = Deprovisioner.trusts(fate.trust) { arn in
                    known.contains(arn) || (AccountSurvey.issuer(ofProvider: arn).map(issuers.serve) ?? false)
                }
                if isTrusting { found.append(TrustingRole(arn: role.arn, policy: fate.trust)) }
            }
        }
        return found
    }

    private func deletion(_ provider: AccountSurvey.Provider, _ iam: IAMClient) -> ProvisioningChange {
        removal.change(
            "delete the OIDC provider \(provider.arn)",
            IAMClient.Call(
                "DeleteOpenIDConnectProvider", on: provider.arn, [("OpenIDConnectProviderArn", provider.arn)]), iam)
    }

    /// Removes from an adopted provider the client IDs that were added to it, and the tags.
    private func release(_ provider: AccountSurvey.Provider, _ iam: IAMClient) -> [ProvisioningChange] {
        let named = [("OpenIDConnectProviderArn", provider.arn)]
        let added = provider.tags.value(ProvisionedNames.addedKey)?.split(separator: " ").map(String.init) ?? []
        // Removing an absent client ID succeeds (IAM API Reference, RemoveClientIDFromOpenIDConnectProvider).
        return added.map { audience in
            removal.change(
                "remove the client ID \(Quotation.of(audience)) from \(provider.arn)",
                IAMClient.Call(
                    "RemoveClientIDFromOpenIDConnectProvider", on: provider.arn, named + [("ClientID", audience)]), iam)
        } + [
            removal.change(
                "remove the tags of \(provider.arn)",
                IAMClient.Call("UntagOpenIDConnectProvider", on: provider.arn, named)
                    .list("TagKeys", ProvisionedNames.keys), iam)
        ]
    }
}
