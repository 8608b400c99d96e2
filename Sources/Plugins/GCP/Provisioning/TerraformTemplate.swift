import CloudAPI
import GatewayPluginAPI
import JSON

/// Writes the resources as Terraform configuration (HCL), with `import` blocks for what exists. The keys and the documents
/// are not part of it: the gateway writes them.
struct TerraformTemplate: Sendable {
    private let provisioner: Provisioner
    private let accounts: [ServiceAccountStep]
    /// The local name of the resources: letters, digits and underscores.
    private let name: String

    init(_ provisioner: Provisioner, _ accounts: [ServiceAccountStep]) {
        self.provisioner = provisioner
        self.accounts = accounts
        name = "sts_" + Self.identifier(provisioner.request.name)
    }

    /// Reads what exists; changes nothing.
    func text() async throws(ProvisioningError) -> String {
        let provider = provisioner.provider
        let step = provisioner.serving == .bucket ? "documents" : "keys"
        var blocks = [
            """
            # The issuer of the STS Gateway. The gateway writes the \(step): they are not part of this file.
            # Apply it, then run: sts-gateway provision gcp --endpoint \(provisioner.request.name) --only \(step) ...
            """,
            HCL.block(
                "terraform", [],
                [
                    .block(
                        "required_providers",
                        [
                            .attribute(
                                "google", .map([("source", .text("hashicorp/google")), ("version", .text(">= 6.0"))]))
                        ])
                ]),
        ]
        if provisioner.serving == .bucket { try await bucket(&blocks) }
        let pool = try await provisioner.read(provider.poolName)
        let isOurs = provisioner.ownership?.owner(ofDescription: pool?["description"]?.stringValue) == .ours
        let isManaged = pool == nil || isOurs
        if isManaged {
            if pool != nil { blocks.append(importing("google_iam_workload_identity_pool", provider.poolName)) }
            blocks.append(
                resource(
                    "google_iam_workload_identity_pool",
                    [
                        project, .attribute("workload_identity_pool_id", .text(provider.pool)),
                        .attribute("description", .text(provisioner.ownership?.description ?? "")),
                    ]))
        }
        let poolID: HCL.Expression =
            isManaged
            ? .expression("google_iam_workload_identity_pool.\(name).workload_identity_pool_id") : .text(provider.pool)
        let found = try await provisioner.read(provider.name)
        if found != nil { blocks.append(importing("google_iam_workload_identity_pool_provider", provider.name)) }
        blocks.append(resource("google_iam_workload_identity_pool_provider", providerItems(poolID)))
        grants(poolID, &blocks)
        try await serviceAccounts(&blocks)
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private var project: HCL.Item { .attribute("project", .text(provisioner.provider.projectNumber)) }

    private func providerItems(_ pool: HCL.Expression) -> [HCL.Item] {
        let audiences = provisioner.request.audiences
        var items: [HCL.Item] = [
            project, .attribute("workload_identity_pool_id", pool),
            .attribute("workload_identity_pool_provider_id", .text(provisioner.provider.provider)),
            .attribute("description", .text(provisioner.ownership?.description ?? "")),
            .attribute("attribute_mapping", .map(ProviderStep.mapping.map { ($0.key, .text($0.value)) })),
        ]
        var oidc: [HCL.Item] = [.attribute("issuer_uri", .text(provisioner.issuerURL))]
        if audiences.contains(where: { !PoolProvider.isResourceName($0) }) {
            oidc.append(.attribute("allowed_audiences", .list(audiences.map(HCL.Expression.text))))
        }
        items.append(.block("oidc", oidc))
        guard provisioner.serving == .keys else { return items }
        // The first hand-over enables the provider; from then on the gateway writes the keys.
        items.append(.attribute("disabled", .expression("true")))
        items.append(
            .block("lifecycle", [.attribute("ignore_changes", .expression("[disabled, oidc[0].jwks_json]"))]))
        return items
    }

    private func grants(_ pool: HCL.Expression, _ blocks: inout [String]) {
        for grant in provisioner.publisherGrants {
            let role = HCL.Item.attribute("role", .text(grant.role))
            let member = HCL.Item.attribute("member", .text(grant.members[0]))
            switch grant.resource {
            case .bucket:
                blocks.append(
                    HCL.block(
                        "resource", ["google_storage_bucket_iam_member", "\(name)_publisher"],
                        [.attribute("bucket", .text(provisioner.bucket)), role, member]))
            case .iam(let resource) where resource == provisioner.provider.poolName:
                blocks.append(
                    HCL.block(
                        "resource", ["google_iam_workload_identity_pool_iam_member", "\(name)_publisher"],
                        [project, .attribute("workload_identity_pool_id", pool), role, member]))
            case .iam(let resource):
                blocks.append(
                    HCL.block(
                        "resource", ["google_service_account_iam_member", "\(name)_publisher"],
                        [.attribute("service_account_id", .text(resource)), role, member]))
            }
        }
    }

    private func bucket(_ blocks: inout [String]) async throws(ProvisioningError) {
        let found = try await provisioner.bucketMetadata()
        let isOurs = provisioner.ownership?.owner(ofLabels: found?["labels"]) == .ours
        if found == nil || isOurs {
            if found != nil { blocks.append(importing("google_storage_bucket", provisioner.bucket)) }
            let labels = (provisioner.ownership?.labels ?? []).map { ($0.key, HCL.Expression.text($0.value)) }
            blocks.append(
                resource(
                    "google_storage_bucket",
                    [
                        .attribute("project", .text(provisioner.project ?? provisioner.provider.projectNumber)),
                        .attribute("name", .text(provisioner.bucket)),
                        .attribute("location", .text((provisioner.region ?? "US").uppercased())),
                        .attribute("uniform_bucket_level_access", .expression("true")),
                        .attribute("labels", .map(labels)),
                    ]))
        }
        blocks.append(
            HCL.block(
                "resource", ["google_storage_bucket_iam_member", "\(name)_public"],
                [
                    .attribute("bucket", .text(provisioner.bucket)), .attribute("role", .text(Grant.objectReader)),
                    .attribute("member", .text("allUsers")),
                ]))
    }

    private func serviceAccounts(_ blocks: inout [String]) async throws(ProvisioningError) {
        for account in accounts {
            let local = "\(name)_\(Self.identifier(account.role.name))"
            let found = try await provisioner.read(ServiceAccountStep.name(of: account.account))
            let isOurs = provisioner.ownership?.owner(ofDescription: found?["description"]?.stringValue) == .ours
            var id = HCL.Expression.text(ServiceAccountStep.name(of: account.account))
            if found == nil || isOurs, let project = ServiceAccountStep.project(of: account.account) {
                if found != nil {
                    blocks.append(
                        importing("google_service_account", ServiceAccountStep.name(of: account.account), local))
                }
                blocks.append(
                    HCL.block(
                        "resource", ["google_service_account", local],
                        [
                            .attribute("project", .text(project)),
                            .attribute("account_id", .text(String(account.account.prefix { $0 != "@" }))),
                            .attribute("display_name", .text(account.role.name)),
                            .attribute("description", .text(provisioner.ownership?.description ?? "")),
                        ]))
                id = .expression("google_service_account.\(local).name")
            }
            blocks.append(
                HCL.block(
                    "resource", ["google_service_account_iam_member", local],
                    [
                        .attribute(
                            "for_each",
                            .call("toset", .list(account.grant.members.map(HCL.Expression.text)))),
                        .attribute("service_account_id", id), .attribute("role", .text(Grant.impersonation)),
                        .attribute("member", .expression("each.value")),
                    ]))
        }
    }

    private func importing(_ type: String, _ id: String, _ local: String? = nil) -> String {
        HCL.block(
            "import", [], [.attribute("to", .expression("\(type).\(local ?? name)")), .attribute("id", .text(id))])
    }

    private func resource(_ type: String, _ items: [HCL.Item]) -> String { HCL.block("resource", [type, name], items) }

    private static func identifier(_ text: String) -> String {
        text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
    }
}
