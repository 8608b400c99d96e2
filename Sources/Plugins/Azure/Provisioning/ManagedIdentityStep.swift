import CloudAPI
import GatewayPluginAPI
import JSON

/// A user-assigned managed identity. One that exists already stays as it is.
struct ManagedIdentityStep: ProvisioningStep {
    let provisioner: AzureProvisioner
    let role: ProvisioningRole
    let holder: CredentialHolder
    let group: String

    var id: String { "identity-\(role.name)" }
    var title: String { "managed identity \"\(role.name)\"" }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let found = try await provisioner.run { () throws(PublishError) in
            try await holder.client.find(holder.identityPath)
        }
        if let found {
            let client = found["properties"]?["clientId"]?.stringValue ?? "unknown"
            return ProvisioningFinding(existing: "\(holder.path), client id \(client)")
        }
        let subscription = holder.path.split(separator: "/")[1]
        let path = "/subscriptions/\(subscription)/resourceGroups/\(group)?api-version=2021-04-01"
        let place = try await provisioner.run { () throws(PublishError) in try await holder.client.find(path) }
        guard let location = place?["location"]?.stringValue else {
            throw ProvisioningError(
                .permanent,
                "there is no resource group \(Quotation.of(group)) in the subscription \(subscription); create it: az group "
                    + "create --name \(group) --location LOCATION")
        }
        var members = [JSONValue.Member("location", .string(location))]
        if let names = provisioner.names { members.append(.init("tags", names.tags)) }
        let body = JSONValue.object(members)
        return ProvisioningFinding(
            existing: nil,
            changes: [
                ProvisioningChange(
                    "create the managed identity \"\(role.name)\"", differences: ["+ location: \(location)"],
                    request: "PUT \(holder.client.base)\(holder.identityPath)\n\(body.text)"
                ) { () throws(ProvisioningError) in
                    try await provisioner.run { () throws(PublishError) in
                        _ = try await holder.client.send("PUT", holder.identityPath, body)
                    }
                }
            ])
    }
}
