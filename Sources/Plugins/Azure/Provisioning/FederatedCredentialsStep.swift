import CloudAPI
import GatewayPluginAPI
import JSON

/// The federated credentials of an identity: one for each subject that may use it. Those of other issuers stay. Entra
/// rejects concurrent writes of one identity (409), so they are made one after the other.
struct FederatedCredentialsStep: ProvisioningStep {
    let provisioner: AzureProvisioner
    let role: ProvisioningRole
    let holder: CredentialHolder

    var id: String { "role-\(role.name)" }
    var title: String { "federated credentials of \(holder.title)" }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let found = try await provisioner.run { () throws(PublishError) in try await holder.credentials() }
        if found == nil, case .application(let id) = holder.name {
            throw ProvisioningError(
                .permanent,
                "there is no app registration with the client id \(id.rawValue) in the tenant "
                    + "\(provisioner.tenant.rawValue); create it: az ad app create --display-name NAME")
        }
        let existing = found ?? []
        let wanted = role.subjects.map(provisioner.credential)
        let stale = existing.filter { credential in
            provisioner.names?.isOurs(credential.name) ?? false && !wanted.contains { $0.name == credential.name }
        }
        var (changes, notes): ([ProvisioningChange], [String]) = (stale.map(removal), [])
        var count = existing.count - stale.count
        for credential in wanted {
            if let own = existing.first(where: { $0.name == credential.name }) {
                if own != credential { changes.append(writing(credential, over: own)) }
                continue
            }
            // The pair of issuer and subject is unique for an identity.
            let same = existing.first {
                $0.issuer == credential.issuer && $0.subject == credential.subject && !stale.contains($0)
            }
            if let same {
                guard same.audiences == credential.audiences else {
                    throw ProvisioningError(
                        .permanent,
                        "\(holder.title) has the federated credential \(Quotation.of(same.name)) for \(credential.subject) "
                            + "with another audience, \(same.audiences.joined(separator: ", ")); delete it, or correct it"
                    )
                }
                notes.append(
                    "\(credential.subject): the federated credential \(Quotation.of(same.name)) exists, and stays")
                continue
            }
            count += 1
            changes.append(writing(credential, over: nil))
        }
        guard count <= CredentialHolder.maximum else {
            throw ProvisioningError(
                .permanent,
                "\(holder.title) would have \(count) federated credentials, and Azure allows \(CredentialHolder.maximum); "
                    + "use another identity, or a token.subject that several ServiceAccounts share")
        }
        let text = "\(existing.count) of \(CredentialHolder.maximum) federated credentials"
        return ProvisioningFinding(existing: found.map { _ in text }, changes: changes, notes: notes)
    }

    /// Says who can use the identity through this issuer.
    func check() async throws(ProvisioningError) -> ProvisioningCheck {
        let found = try await provisioner.run { () throws(PublishError) in try await holder.credentials() }
        guard let found else { throw ProvisioningError(.permanent, "there is no such identity: \(holder.title)") }
        let ours = found.filter { $0.issuer == provisioner.issuerURL }
        let unusable = ours.filter { $0.audiences != provisioner.request.audiences }
        return ProvisioningCheck(
            resource: holder.title,
            summary: ours.isEmpty
                ? "no workload of this endpoint" : ours.map(\.subject).sorted().joined(separator: ", "),
            errors: unusable.map {
                "\($0.subject): its audience is \($0.audiences.joined(separator: ", ")), not that of the endpoint"
            })
    }

    private func writing(
        _ credential: FederatedCredential, over current: FederatedCredential?
    ) -> ProvisioningChange {
        let request = holder.writing(credential, isNew: current == nil)
        return ProvisioningChange(
            "\(current == nil ? "create" : "correct") the federated credential of \(credential.subject)",
            differences: (current?.lines ?? []).map { "- \($0)" } + credential.lines.map { "+ \($0)" },
            request: "\(request.method) \(holder.client.base)\(request.path)\n\(request.body.text)"
        ) { () throws(ProvisioningError) in
            let answer = try await provisioner.run { () throws(PublishError) in
                try await holder.client.send(request.method, request.path, request.body, expected: [404])
            }
            // A new identity is not known everywhere at once.
            guard answer.status != 404 else {
                throw ProvisioningError(.transient, "\(holder.title) is not known yet")
            }
        }
    }

    private func removal(_ credential: FederatedCredential) -> ProvisioningChange {
        let request = holder.removing(credential.name)
        return ProvisioningChange(
            "delete the federated credential of \(credential.subject)",
            differences: credential.lines.map { "- \($0)" },
            request: "\(request.method) \(holder.client.base)\(request.path)"
        ) { () throws(ProvisioningError) in
            _ = try await provisioner.run { () throws(PublishError) in
                try await holder.client.send(request.method, request.path, expected: [404])
            }
        }
    }
}
