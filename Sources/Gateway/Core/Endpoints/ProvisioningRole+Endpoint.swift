package import GatewayPluginAPI

extension EndpointConfiguration {
    /// The template of `sub` with the cluster's name.
    package var clusterSubjectTemplate: String {
        token.subject.parts.map { part in
            switch part {
            case .text(let text): text
            case .placeholder(.cluster): endpoint.cluster
            case .placeholder(let placeholder): "{\(placeholder.rawValue)}"
            }
        }.joined()
    }

    /// A role with the subjects of its ServiceAccounts.
    ///
    /// - Throws: where a subject is too long.
    package func provisioning(_ role: Provision.Role) throws(ProvisioningError) -> ProvisioningRole {
        var subjects: [String] = []
        for account in role.serviceAccounts {
            guard
                let subject = token.subject.render(
                    cluster: endpoint.cluster, namespace: account.namespace, serviceAccount: account.name)
            else {
                throw ProvisioningError(
                    .permanent, "the subject of \(account) has more than \(SubjectTemplate.maximumLength) characters")
            }
            if !subjects.contains(subject) { subjects.append(subject) }
        }
        return ProvisioningRole(
            name: role.name, account: role.account, subjects: subjects, policies: role.policies,
            allowsSessionTags: role.allowsSessionTags, maximumSession: role.maximumSession)
    }
}
