import AWSXML
import GatewayPluginAPI

/// The bucket of the documents: no public access, no ACLs, versioning on. A bucket that existed before gets tags only.
struct BucketStep: ProvisioningStep {
    let id = "bucket"
    let title = "bucket of the documents"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let client = try provisioner.bucketClient()
        let name = "the bucket \"\(provisioner.bucketName)\" in \(client.region)"
        guard provisioner.names != nil || provisioner.settings.bucket != nil,
            try await provisioner.run({ () throws(CallFailure) in try await client.head() }) == .present
        else {
            return ProvisioningFinding(
                existing: nil,
                changes: [
                    ProvisioningChange(
                        "create \(name)", request: client.text("PUT", nil, client.createBody?.outline)
                    ) { () throws(ProvisioningError) in
                        try await provisioner.run { () throws(CallFailure) in try await client.create() }
                    }
                ] + settings.map { change($0, client, current: nil) } + [tagChange(client, [], provisioner.tags)])
        }
        provisioner.state.update { $0.hasBucket = true }
        let tags = try await tags(client)
        let ownership = provisioner.names?.ownership(of: tags)
        // A bucket that another endpoint has adopted is shared: its tags stay.
        let isShared = tags.value(ProvisionedNames.adoptedKey) != nil && ownership != .adopted
        if !isShared { try provisioner.rejectForeign(ownership, name) }
        let isCreated =
            ownership == .ours || (ownership == .unowned && provisioner.settings.bucket == nil)
            || provisioner.bucketName == provisioner.names?.bucket
        guard isCreated else {
            provisioner.state.update { $0.isAdopted.insert(id) }
            let wanted = isShared ? [] : provisioner.names?.adoptedTags ?? []
            return ProvisioningFinding(
                existing: "\(name), which existed before (adopted)",
                changes: Self.has(tags, wanted) ? [] : [tagChange(client, tags, wanted)],
                notes: ["\(name) existed before: its other settings are not changed"])
        }
        var changes: [ProvisioningChange] = []
        for setting in settings {
            let current = try await setting.read(client, provisioner)
            if !setting.isEqual(current) { changes.append(change(setting, client, current: current)) }
        }
        if !Self.has(tags, provisioner.tags) { changes.append(tagChange(client, tags, provisioner.tags)) }
        return ProvisioningFinding(existing: name, changes: changes)
    }

    func tags(_ client: BucketClient) async throws(ProvisioningError) -> [ResourceTag] {
        let response = try await provisioner.run { () throws(CallFailure) in
            try await client.setting("tagging", absent: ["NoSuchTagSet"], action: "s3:GetBucketTagging")
        }
        guard let response else { return [] }
        return try await provisioner.run { () throws(CallFailure) in
            try AdministrationClient.document(response, call: "s3:GetBucketTagging")["TagSet"]?.children
                .compactMap(ResourceTag.init) ?? []
        }
    }

    static func has(_ tags: [ResourceTag], _ wanted: [ResourceTag]) -> Bool { wanted.allSatisfy(tags.contains) }

    static func merged(_ tags: [ResourceTag], _ wanted: [ResourceTag]) -> [ResourceTag] {
        tags.filter { tag in !wanted.contains { $0.key == tag.key } } + wanted
    }

    /// The whole set is written: tags of others stay.
    private func tagChange(
        _ client: BucketClient, _ current: [ResourceTag], _ wanted: [ResourceTag]
    ) -> ProvisioningChange {
        let body = Self.tagging(Self.merged(current, wanted))
        return ProvisioningChange(
            "tag the bucket",
            differences: wanted.filter { !current.contains($0) }.map { "+ \($0.key)=\($0.value)" },
            request: client.text("PUT", "tagging", body.outline)
        ) { () throws(ProvisioningError) in
            try await provisioner.run { () throws(CallFailure) in
                try await client.put("tagging", body, action: "s3:PutBucketTagging")
            }
        }
    }

    static func tagging(_ tags: [ResourceTag]) -> XMLElement {
        .tree("Tagging", [.tree("TagSet", tags.map(\.element))])
    }

    private func change(
        _ setting: BucketSetting, _ client: BucketClient, current: XMLElement?
    ) -> ProvisioningChange {
        ProvisioningChange(
            setting.title,
            differences: current == nil
                ? [] : ProvisioningChange.differences(from: current?.outline ?? "", to: setting.wanted.outline),
            request: client.text("PUT", setting.subresource, setting.wanted.outline)
        ) { () throws(ProvisioningError) in
            try await provisioner.run { () throws(CallFailure) in
                try await client.put(setting.subresource, setting.wanted, action: setting.putAction)
            }
        }
    }

    var settings: [BucketSetting] {
        [provisioner.settings.serving == .s3 ? .publicPolicy : .publicAccessBlock, .ownershipControls, .versioning]
    }
}

/// A setting of the bucket.
struct BucketSetting: Sendable {
    let title: String
    let subresource: String
    /// The error codes of a bucket without the setting.
    let absent: Set<String>
    let getAction: String
    let putAction: String
    let wanted: XMLElement

    static let publicAccessBlock = accessBlock("block public access", policies: true)
    /// For documents that the bucket itself serves: a policy may make objects public.
    static let publicPolicy = accessBlock("block public ACLs, and allow a public policy", policies: false)

    private static func accessBlock(_ title: String, policies: Bool) -> BucketSetting {
        BucketSetting(
            title: title, subresource: "publicAccessBlock",
            absent: ["NoSuchPublicAccessBlockConfiguration"], getAction: "s3:GetBucketPublicAccessBlock",
            putAction: "s3:PutBucketPublicAccessBlock",
            wanted: .tree(
                "PublicAccessBlockConfiguration",
                [
                    .text("BlockPublicAcls", "true"), .text("IgnorePublicAcls", "true"),
                    .text("BlockPublicPolicy", "\(policies)"), .text("RestrictPublicBuckets", "\(policies)"),
                ]))
    }
    static let ownershipControls = BucketSetting(
        title: "enforce the bucket owner's ownership", subresource: "ownershipControls",
        absent: ["OwnershipControlsNotFoundError"], getAction: "s3:GetBucketOwnershipControls",
        putAction: "s3:PutBucketOwnershipControls",
        wanted: .tree("OwnershipControls", [.tree("Rule", [.text("ObjectOwnership", "BucketOwnerEnforced")])]))
    static let versioning = BucketSetting(
        title: "turn versioning on", subresource: "versioning", absent: [], getAction: "s3:GetBucketVersioning",
        putAction: "s3:PutBucketVersioning",
        wanted: .tree("VersioningConfiguration", [.text("Status", "Enabled")]))

    func read(_ client: BucketClient, _ provisioner: Provisioner) async throws(ProvisioningError) -> XMLElement? {
        try await provisioner.run { () throws(CallFailure) in
            guard let response = try await client.setting(subresource, absent: absent, action: getAction) else {
                return nil
            }
            return try AdministrationClient.document(response, call: getAction)
        }
    }

    /// Whether every wanted value is set; further values stay.
    func isEqual(_ current: XMLElement?) -> Bool {
        func contains(_ current: XMLElement?, _ wanted: XMLElement) -> Bool {
            guard let current, current.name == wanted.name else { return false }
            if wanted.children.isEmpty { return current.text == wanted.text }
            return wanted.children.allSatisfy { contains(current[$0.name], $0) }
        }
        // Not the root: its name differs between stores.
        return wanted.children.allSatisfy { contains(current?[$0.name], $0) }
    }
}
