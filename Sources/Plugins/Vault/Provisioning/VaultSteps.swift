import CloudAPI
import GatewayPluginAPI
import JSON

/// The JWT auth mount of this endpoint alone.
struct MountStep: ProvisioningStep {
    let id = "mount"
    let title = "JWT auth mount"
    let provisioner: VaultProvisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let path = "sys/auth/\(provisioner.plan.mount)"
        // 400 is the answer for a mount that does not exist.
        if let found = try await provisioner.call("GET", path, absent: [400, 404]) {
            let type = found["data"]?["type"]?.stringValue ?? found["type"]?.stringValue ?? ""
            guard type == "jwt" || type == "oidc" else {
                throw ProvisioningError(
                    .permanent,
                    "auth/\(provisioner.plan.mount) is a mount of the type \(Quotation.of(type)); use another publish.mount"
                )
            }
            if case .foreign(let owner) = provisioner.mark?.owner(of: VaultProvisioner.description(of: found)) {
                throw ProvisioningError(
                    .permanent,
                    "the mount auth/\(provisioner.plan.mount) belongs to another installation "
                        + "(\(Quotation.of(owner, limit: 200))); use another publish.mount, or change its description with "
                        + "auth tune if it is not in use any more")
            }
            return ProvisioningFinding(existing: provisioner.plan.location)
        }
        let body: JSONValue = [
            "type": "jwt", "description": .string(provisioner.mark?.description ?? "${mount.description}"),
        ]
        return ProvisioningFinding(
            existing: nil,
            changes: [
                ProvisioningChange(
                    "enable the auth method jwt at \(provisioner.plan.mount)", differences: ["+ \(body.text)"],
                    request: "POST \(provisioner.server.address)/v1/\(path)\n\(body.text)"
                ) { () throws(ProvisioningError) in _ = try await provisioner.call("POST", path, body) }
            ])
    }
}

/// The first hand-over of the keys; the gateway cannot log in before.
struct KeysStep: ProvisioningStep {
    let id = "keys"
    let title = "keys and bound issuer of the mount"
    let provisioner: VaultProvisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (host, publish) = (provisioner.host, provisioner.publish)
        let exists =
            try await provisioner.call(
                "GET", "sys/auth/\(provisioner.plan.mount)", absent: [400, 404]) != nil
        let stale = exists ? try await provisioner.issuer.staleDocuments(host: host, publish: publish) : ["keys"]
        guard !stale.isEmpty else { return ProvisioningFinding(existing: "the keys of the key ring") }
        return ProvisioningFinding(
            existing: nil,
            changes: [
                ProvisioningChange(
                    "hand over the keys", differences: ["+ the public keys of the key ring"],
                    request: "POST \(provisioner.plan.location)/config"
                ) { () throws(ProvisioningError) in
                    try await provisioner.issuer.publishDocuments(host: host, publish: publish)
                }
            ])
    }
}

/// The policy with which the gateway reads and writes the configuration of its mount, and nothing else.
struct PolicyStep: ProvisioningStep {
    let id = "policy"
    let title = "policy of the publisher"
    let provisioner: VaultProvisioner

    private var text: String { provisioner.policy }

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let path = "sys/policies/acl/\(provisioner.policyName)"
        let found = try await provisioner.call("GET", path, absent: [404])
        let current = found?["data"]?["policy"]?.stringValue ?? ""
        guard current != text else { return ProvisioningFinding(existing: provisioner.policyName) }
        let body: JSONValue = ["policy": .string(text)]
        return ProvisioningFinding(
            existing: found.map { _ in provisioner.policyName },
            changes: [
                ProvisioningChange(
                    "write the policy \(provisioner.policyName)",
                    differences: ProvisioningChange.differences(from: current, to: text),
                    request: "PUT \(provisioner.server.address)/v1/\(path)\n\(body.text)"
                ) { () throws(ProvisioningError) in _ = try await provisioner.call("PUT", path, body) }
            ])
    }
}
