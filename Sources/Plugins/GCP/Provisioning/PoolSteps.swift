import CloudAPI
import GatewayPluginAPI
import JSON

/// The workload identity pool. Several endpoints and clusters may share it.
struct PoolStep: ProvisioningStep {
    let id = "pool"
    let title = "workload identity pool"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let provider = provisioner.provider
        let found = try await provisioner.read(provider.poolName)
        guard let found else {
            let parent = "projects/\(provider.projectNumber)/locations/global/workloadIdentityPools"
            let body: JSONValue = [
                "displayName": .string(provider.pool),
                "description": .string(provisioner.ownership?.description ?? "${pool.description}"),
            ]
            return ProvisioningFinding(
                existing: nil,
                changes: [
                    provisioner.operation(
                        "create the pool \(provider.pool)", ["+ \(body.text)"], "POST",
                        "\(parent)?workloadIdentityPoolId=\(provider.pool)", body)
                ])
        }
        if let changes = try provisioner.restoration(found, of: provider.poolName, "the pool \(provider.pool)") {
            return ProvisioningFinding(existing: nil, changes: changes)
        }
        return ProvisioningFinding(
            existing: provider.poolName,
            notes: found["disabled"] == .bool(true)
                ? ["the pool \(provider.pool) is disabled: no token is accepted until somebody enables it"] : [])
    }
}

extension Provisioner {
    /// The change that restores a deleted resource of ours; nil where it is not deleted.
    ///
    /// - Throws: where it was deleted and is not ours: its name is reserved for 30 days.
    func restoration(
        _ found: JSONValue, of name: String, _ resource: String
    ) throws(ProvisioningError) -> [ProvisioningChange]? {
        guard found["state"] == "DELETED" else { return nil }
        guard ownership?.owner(ofDescription: found["description"]?.stringValue) == .ours else {
            throw ProvisioningError(
                .permanent,
                "\(resource) is deleted, and its id is reserved for 30 days after that; use another id, or restore it with "
                    + "gcloud iam workload-identity-pools … undelete")
        }
        return [operation("restore \(resource)", [], "POST", "\(name):undelete", .object([]))]
    }
}

/// The provider of this endpoint alone.
struct ProviderStep: ProvisioningStep {
    let id = "provider"
    let title = "OIDC provider of the pool"
    let provisioner: Provisioner

    /// Tokens of the gateway itself have no `namespace`.
    static let mapping: [(key: String, value: String)] = [
        ("google.subject", "assertion.sub"),
        ("attribute.namespace", #"has(assertion.namespace) ? assertion.namespace : """#),
    ]

    /// The audiences that are no default of the provider.
    private var audiences: [String] {
        provisioner.request.audiences.filter { !PoolProvider.isResourceName($0) }
    }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let provider = provisioner.provider
        guard let found = try await provisioner.read(provider.name) else {
            return ProvisioningFinding(existing: nil, changes: [creation])
        }
        let resource = "the provider \(provider.provider)"
        try provisioner.rejectForeign(
            provisioner.ownership?.owner(ofDescription: found["description"]?.stringValue), resource)
        if let changes = try provisioner.restoration(found, of: provider.name, resource) {
            return ProvisioningFinding(existing: nil, changes: changes)
        }
        return ProvisioningFinding(
            existing: provider.name, changes: try repair(found),
            notes: found["disabled"] == .bool(true) && !UploadedKeys(found).waitsForKeys
                ? ["\(resource) is disabled: no token is accepted until somebody enables it"] : [])
    }

    private var creation: ProvisioningChange {
        let provider = provisioner.provider
        var members: [JSONValue.Member] = [
            .init("displayName", .string(provider.provider)),
            .init("description", .string(provisioner.ownership?.description ?? "${provider.description}")),
            .init(
                "attributeMapping", .object(Self.mapping.map { JSONValue.Member($0.key, .string($0.value)) })),
        ]
        // Until it has keys it would read them at the issuer's host, which may be somebody else's.
        if provisioner.serving == .keys { members.append(.init("disabled", true)) }
        var oidc: [JSONValue.Member] = [.init("issuerUri", .string(provisioner.issuerURL))]
        if !audiences.isEmpty {
            oidc.append(.init("allowedAudiences", .array(provisioner.request.audiences.map(JSONValue.string))))
        }
        members.append(.init("oidc", .object(oidc)))
        let body = JSONValue.object(members)
        return provisioner.operation(
            "create the provider \(provider.provider)", ["+ \(body.text)"], "POST",
            "\(provider.poolName)/providers?workloadIdentityPoolProviderId=\(provider.provider)", body)
    }

    /// What differs. The attribute condition and further attributes are the administrator's.
    private func repair(_ found: JSONValue) throws(ProvisioningError) -> [ProvisioningChange] {
        let provider = provisioner.provider
        let issuer = found["oidc"]?["issuerUri"]?.stringValue ?? ""
        guard issuer == provisioner.issuerURL else {
            let other = issuer.isEmpty ? "is not one of OIDC" : "trusts the issuer \(Quotation.of(issuer))"
            throw ProvisioningError(
                .permanent,
                "the provider \(provider.provider) \(other), and not \(provisioner.issuerURL); use another "
                    + "settings.provider, or correct issuer")
        }
        var (mask, differences, body) = ([String](), [String](), JSONValue.object([]))
        let allowed = found["oidc"]?["allowedAudiences"]?.elementList?.compactMap(\.stringValue) ?? []
        // An empty list allows the resource name.
        let needed = allowed.isEmpty && audiences.isEmpty ? [] : provisioner.request.audiences
        let missing = needed.filter { !allowed.contains($0) }
        if !missing.isEmpty {
            mask.append("oidc.allowedAudiences")
            differences += missing.map { "+ allowedAudiences: \($0)" }
            body = body.setting(
                .array((allowed + missing).map(JSONValue.string)), at: "oidc", "allowedAudiences")
        }
        if found["attributeMapping"]?["google.subject"]?.stringValue != "assertion.sub" {
            mask.append("attributeMapping")
            let current = found["attributeMapping"]?["google.subject"]?.stringValue
            differences += (current.map { ["- google.subject: \($0)"] } ?? []) + ["+ google.subject: assertion.sub"]
            body = body.setting(
                (found["attributeMapping"] ?? .object([])).setting("assertion.sub", at: "google.subject"),
                at: "attributeMapping")
        }
        guard !mask.isEmpty else { return [] }
        return [
            provisioner.operation(
                "change the provider \(provider.provider)", differences, "PATCH",
                "\(provider.name)?updateMask=\(mask.joined(separator: "%2C"))", body)
        ]
    }
}

/// The first hand-over of the keys; the gateway's own token is not accepted before.
struct KeysStep: ProvisioningStep {
    let id = "keys"
    let title = "keys of the provider"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (host, publish) = (provisioner.host, provisioner.publish)
        let found = try await provisioner.read(provisioner.provider.name)
        let stale =
            found == nil ? ["keys"] : try await provisioner.issuer.staleDocuments(host: host, publish: publish)
        guard !stale.isEmpty else { return ProvisioningFinding(existing: "the keys of the key ring") }
        return ProvisioningFinding(
            existing: nil,
            changes: [
                ProvisioningChange(
                    "hand over the keys", differences: ["+ the public keys of the key ring"],
                    request: "PATCH \(provisioner.client.services.iam)/v1/\(provisioner.provider.name)"
                        + "?updateMask=oidc.jwksJson"
                ) { () throws(ProvisioningError) in
                    try await provisioner.issuer.publishDocuments(host: host, publish: publish)
                }
            ])
    }
}
