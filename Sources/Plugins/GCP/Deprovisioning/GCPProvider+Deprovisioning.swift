import CloudAPI
public import GatewayPluginAPI
import JSON

extension GCPProvider {
    public static func deprovisioning(
        for request: ProvisioningRequest, context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningPlan? {
        let provisioner = try Provisioner(request, context)
        guard let ownership = provisioner.ownership else { return nil }
        var steps: [any ProvisioningStep] = try provisioner.serviceAccounts().map {
            ServiceAccountRemoval(account: $0, ownership: ownership)
        }
        let grants = provisioner.publisherGrants
        if !grants.isEmpty { steps.append(PublisherRemoval(provisioner: provisioner, grants: grants)) }
        steps +=
            [
                provisioner.providerRemoval(ownership),
                provisioner.poolRemoval(ownership),
            ] as [any ProvisioningStep]
        if provisioner.serving == .bucket {
            steps.append(BucketRemoval(provisioner: provisioner, ownership: ownership))
        }
        return ProvisioningPlan(
            identity: { () throws(ProvisioningError) in provisioner.identity }, steps: steps, summary: { [] })
    }
}

/// Deletes a service account, or removes the principals from one that existed before.
struct ServiceAccountRemoval: ProvisioningStep {
    let account: ServiceAccountStep
    let ownership: Ownership
    var id: String { account.id }
    var title: String { account.title }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let provisioner = account.provisioner
        let name = ServiceAccountStep.name(of: account.account)
        guard let found = try await provisioner.read(name) else { return ProvisioningFinding(existing: nil) }
        guard ownership.owner(ofDescription: found["description"]?.stringValue) == .ours else {
            return ProvisioningFinding(
                existing: account.account, changes: try await provisioner.removals(of: [account.grant]),
                kept: ["the service account \(account.account): it was not created by this endpoint"])
        }
        let policy = try await provisioner.run { () throws(PublishError) in
            try await AccessPolicy.read(.iam(name), provisioner.client)
        }
        let rest = policy?.removing(account.grant.members, from: account.grant.role)
        guard rest?.json["bindings"]?.elementList?.isEmpty ?? true else {
            return ProvisioningFinding(
                existing: account.account, changes: try await provisioner.removals(of: [account.grant]),
                kept: ["the service account \(account.account): others may impersonate it"])
        }
        return ProvisioningFinding(
            existing: account.account,
            changes: [
                ProvisioningChange(
                    "delete the service account \(account.account)",
                    request: "DELETE \(provisioner.client.services.iam)/v1/\(name)"
                ) { () throws(ProvisioningError) in
                    try await provisioner.run { () throws(PublishError) in
                        _ = try await provisioner.client.iam("DELETE", name, expected: [404])
                    }
                }
            ])
    }
}

/// Takes back what the gateway's own principal may do.
struct PublisherRemoval: ProvisioningStep {
    let id = "publisher"
    let title = "permissions of the publisher"
    let provisioner: Provisioner
    let grants: [Grant]

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        ProvisioningFinding(existing: nil, changes: try await provisioner.removals(of: grants))
    }
}

/// Deletes the provider or the pool. Without its provider no token of the endpoint is accepted.
struct PoolPartRemoval: ProvisioningStep {
    let id: String
    let title: String
    /// Of the resource, without the service's URL.
    let name: String
    let provisioner: Provisioner
    let ownership: Ownership
    /// Why the resource stays although the endpoint has created it; nil where it can be deleted.
    var reason: @Sendable () async throws(ProvisioningError) -> String? = { () throws(ProvisioningError) in nil }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        guard let found = try await provisioner.read(name), found["state"] != "DELETED" else {
            return ProvisioningFinding(existing: nil)
        }
        let isOurs = ownership.owner(ofDescription: found["description"]?.stringValue) == .ours
        if let reason = isOurs ? try await reason() : "it was not created by this endpoint" {
            return ProvisioningFinding(existing: name, kept: ["the \(id) \(name): \(reason)"])
        }
        return ProvisioningFinding(
            existing: name, changes: [provisioner.operation("delete the \(id) \(name)", [], "DELETE", name)])
    }
}

extension Provisioner {
    func providerRemoval(_ ownership: Ownership) -> PoolPartRemoval {
        PoolPartRemoval(
            id: "provider", title: "OIDC provider of the pool", name: provider.name, provisioner: self,
            ownership: ownership)
    }

    /// The pool stays while it has other providers.
    func poolRemoval(_ ownership: Ownership) -> PoolPartRemoval {
        let name = provider.poolName
        return PoolPartRemoval(
            id: "pool", title: "workload identity pool", name: name, provisioner: self, ownership: ownership
        ) { () throws(ProvisioningError) in
            let list = try await read("\(name)/providers?pageSize=100")
            let others = (list?["workloadIdentityPoolProviders"]?.elementList ?? []).filter {
                $0["state"] != "DELETED" && $0["name"]?.stringValue != provider.name
            }
            return others.isEmpty && list?["nextPageToken"] == nil ? nil : "it has other providers"
        }
    }
}

/// Deletes the objects of the documents and the bucket, unless it has other objects.
struct BucketRemoval: ProvisioningStep {
    let id = "bucket"
    let title = "bucket of the documents"
    let provisioner: Provisioner
    let ownership: Ownership

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        guard let found = try await provisioner.bucketMetadata(),
            case .bucket(let place) = provisioner.plan?.target
        else { return ProvisioningFinding(existing: nil) }
        let objects = try await objects()
        let names = provisioner.request.documents.map(place.object)
        let own = objects.filter { names.contains($0.name) && $0.owner == provisioner.request.owner }
        var changes = own.map { deletion("o/\(PercentEncoding.value($0.name))", "the object \($0.name)") }
        let existing = "gs://\(place.bucket)"
        guard ownership.owner(ofLabels: found["labels"]) == .ours else {
            return ProvisioningFinding(
                existing: existing, changes: changes,
                kept: ["the bucket \(place.bucket): it was not created by this endpoint"])
        }
        guard objects.count == own.count else {
            return ProvisioningFinding(
                existing: existing, changes: changes, kept: ["the bucket \(place.bucket): it has other objects"])
        }
        changes.append(deletion("", "the bucket \(place.bucket)"))
        return ProvisioningFinding(existing: existing, changes: changes)
    }

    private var url: String { "\(provisioner.client.services.storage)/storage/v1/b/\(provisioner.bucket)" }

    /// The first objects, with the owner of their stamp.
    private func objects() async throws(ProvisioningError) -> [(name: String, owner: String?)] {
        try await provisioner.run { () throws(PublishError) in
            let answer = try await provisioner.client.send(JSONService.Call("GET", "\(url)/o?maxResults=100"))
            return (answer.json["items"]?.elementList ?? []).compactMap { object in
                object["name"]?.stringValue.map { ($0, object["metadata"]?["sts-owner"]?.stringValue) }
            }
        }
    }

    private func deletion(_ path: String, _ resource: String) -> ProvisioningChange {
        let url = path.isEmpty ? url : "\(url)/\(path)"
        return ProvisioningChange("delete \(resource)", request: "DELETE \(url)") { () throws(ProvisioningError) in
            try await provisioner.run { () throws(PublishError) in
                _ = try await provisioner.client.send(JSONService.Call("DELETE", url), expected: [404])
            }
        }
    }
}
