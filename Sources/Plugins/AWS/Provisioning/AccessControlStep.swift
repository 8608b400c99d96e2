import AWSXML
import GatewayPluginAPI

/// The origin access control, with which CloudFront signs its requests to the bucket. It takes no tags, so it is found by
/// its name.
struct AccessControlStep: ProvisioningStep {
    let id = "access-control"
    let title = "origin access control of CloudFront"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        if provisioner.settings.distribution != nil, provisioner.state.current.accessControl == nil {
            // The configured distribution has its own one; only a distribution of ours has ours.
            guard try await find() != nil else {
                return ProvisioningFinding(existing: "that of the configured distribution")
            }
        }
        let client = provisioner.cloudFront
        guard let id = try await find() else {
            return ProvisioningFinding(
                existing: nil,
                changes: [
                    ProvisioningChange(
                        "create the origin access control \"\(name)\"",
                        request: client.text("POST", "origin-access-control", wanted)
                    ) { () throws(ProvisioningError) in
                        let created = try await provisioner.run { () throws(CallFailure) in
                            try await client.createAccessControl(wanted)
                        }
                        if let id = created["Id"]?.text { provisioner.state.update { $0.accessControl = id } }
                    }
                ])
        }
        provisioner.state.update { $0.accessControl = id }
        let found = try await provisioner.run { () throws(CallFailure) in
            try await client.get(.originAccessControl, id)
        }
        guard let found, let current = found.element["OriginAccessControlConfig"] else {
            throw ProvisioningError(.transient, "the origin access control \(id) is not visible yet")
        }
        let isEqual = wanted.children.allSatisfy { current[$0.name]?.text == $0.text || $0.name == "Description" }
        return ProvisioningFinding(
            existing: "the origin access control \(id)",
            changes: isEqual
                ? []
                : [
                    ProvisioningChange(
                        "update the origin access control \(id)",
                        differences: ProvisioningChange.differences(from: current.outline, to: wanted.outline),
                        request: client.text("PUT", "origin-access-control/\(id)/config", wanted)
                    ) { () throws(ProvisioningError) in
                        try await provisioner.run { () throws(CallFailure) in
                            try await client.update(.originAccessControl, id, wanted, ifMatch: found.entityTag)
                        }
                    }
                ])
    }

    private var name: String { provisioner.names?.bucket ?? "${access-control.name}" }

    var wanted: XMLElement {
        .tree(
            "OriginAccessControlConfig",
            [
                .text("Name", name), .text("Description", provisioner.names?.comment ?? ""),
                .text("SigningProtocol", "sigv4"), .text("SigningBehavior", "always"),
                .text("OriginAccessControlOriginType", "s3"),
            ])
    }

    /// - Returns: the ID; nil where there is none.
    func find() async throws(ProvisioningError) -> String? {
        guard provisioner.names != nil else { return nil }
        let all = try await provisioner.run { () throws(CallFailure) in
            try await provisioner.cloudFront.list(.originAccessControl)
        }
        return all.first { $0["Name"]?.text == name }?["Id"]?.text
    }
}
