import GatewayPluginAPI

/// Reads the IAM OIDC provider of an issuer, and the trust policies of roles.
struct AccountDiagnosis: Sendable {
    let provisioner: Provisioner
    let request: DiagnosisRequest
    /// The role of the workload; nil for none.
    let role: RoleARN?

    func findings() async -> [RelyingPartyFinding] {
        do throws(ProvisioningError) {
            _ = try await provisioner.identity(isRemoval: true)
        } catch {
            return [.unread("credentials", error.message, error, advice: "name a profile with --profile")]
        }
        var findings: [RelyingPartyFinding] = []
        var accounts: [String?] = []
        let wanted = role.map { [$0.account] } ?? provisioner.request.roles.map { $0.account ?? provisioner.account }
        for account in wanted.isEmpty ? [provisioner.account] : wanted {
            if account == provisioner.account {
                if !accounts.contains(nil) { accounts.append(nil) }
            } else if provisioner.others.contains(where: { $0.account == account }) {
                if !accounts.contains(account) { accounts.append(account) }
            } else {
                findings.append(
                    RelyingPartyFinding(
                        "credentials", .notChecked,
                        "the role is in the account \(account), and the credentials are those of \(provisioner.account)",
                        advice: "name a profile of that account with --profile, or add it to provision.accounts"))
            }
        }
        for account in accounts { findings += await provider(in: account) }
        if let role, accounts.contains(role.account == provisioner.account ? nil : role.account) {
            findings.append(
                contentsOf: await trust(
                    ProvisioningRole(
                        name: role.name, account: role.account == provisioner.account ? nil : role.account,
                        subjects: []), isOfWorkload: true))
        } else if role == nil {
            for role in provisioner.request.roles { findings += await trust(role, isOfWorkload: false) }
        }
        return findings
    }

    private func provider(in account: String?) async -> [RelyingPartyFinding] {
        let check = "identity provider"
        let step = IdentityProviderStep(provisioner: provisioner, account: account)
        let found: IdentityProviderStep.Provider?
        do {
            found = try await step.read()
        } catch {
            return [unreadable(check, error, "iam:GetOpenIDConnectProvider")]
        }
        guard let found else {
            return [
                RelyingPartyFinding(
                    check, .failed(.issuer), "there is no OIDC provider \(step.arn)",
                    advice: "create it: sts-gateway provision aws --endpoint \(request.endpoint.name)")
            ]
        }
        let missing = request.endpoint.audiences.filter { !found.audiences.contains($0) }
        guard missing.isEmpty else {
            return [
                RelyingPartyFinding(
                    check, .failed(.audience),
                    "the client IDs of \(step.arn) lack \(missing.joined(separator: ", "))",
                    advice: "add them: aws iam add-client-id-to-open-id-connect-provider")
            ]
        }
        // AWS uses thumbprints only where no CA of its own store has issued the certificate, and sets one itself.
        return [
            RelyingPartyFinding(
                check, .ok, "\(step.arn) has the audience \(request.endpoint.audiences.joined(separator: ", "))")
        ]
    }

    private func trust(_ role: ProvisioningRole, isOfWorkload: Bool) async -> [RelyingPartyFinding] {
        let step = WorkloadRoleStep(provisioner: provisioner, role: role)
        let check = "role \(role.name)"
        let found: (arn: String, trust: TrustReview)?
        do {
            found = try await step.review()
        } catch {
            return [unreadable(check, error, "iam:GetRole")]
        }
        guard let (arn, trust) = found else {
            return [
                RelyingPartyFinding(
                    check, .failed(.identity), "there is no role \(step.arn)",
                    advice: "create it, or correct the annotation: sts-gateway provision aws role \(role.name)")
            ]
        }
        if let wanted = self.role, isOfWorkload, wanted.description != arn {
            return [
                RelyingPartyFinding(
                    check, .failed(.identity), "the role is \(arn), and the annotation has \(wanted)",
                    advice: "correct the path in the annotation")
            ]
        }
        var findings: [RelyingPartyFinding] = []
        if let subject = request.workload?.subject, isOfWorkload, !trust.accepts(subject) {
            findings.append(
                RelyingPartyFinding(
                    check, .failed(.workload),
                    "the trust policy of \(arn) does not accept \(subject); it accepts \(trust.summary)",
                    advice: "add the subject to the condition on :sub, and the endpoint's audience to that on :aud"))
        }
        for error in trust.errors {
            findings.append(
                RelyingPartyFinding(
                    check, .warning(.wide), "the trust policy of \(arn) is too wide: \(error)",
                    advice: "bind :aud and :sub by StringEquals: sts-gateway provision aws role \(role.name)"))
        }
        if findings.isEmpty {
            findings.append(RelyingPartyFinding(check, .ok, "\(arn) can be assumed by \(trust.summary)"))
        }
        return findings
    }

    private func unreadable(_ check: String, _ error: ProvisioningError, _ permission: String) -> RelyingPartyFinding {
        .unread(check, error.message, error, advice: "allow \(permission) to the credentials of this command")
    }
}
