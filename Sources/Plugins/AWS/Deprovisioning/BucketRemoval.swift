import AWSXML
import GatewayPluginAPI
import JSON

/// Deletes the two documents and the bucket. It stays while a distribution or an OIDC provider uses it, or while it has
/// anything else: whoever creates the free name next would own the issuer. From an adopted bucket only what was added is
/// removed.
struct BucketRemoval: ProvisioningStep {
    let id = "bucket"
    let title = "bucket of the documents"
    let removal: Deprovisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let provisioner = removal.provisioner
        let client = try provisioner.bucketClient()
        let name = "the bucket \"\(provisioner.bucketName)\""
        guard try await removal.run({ () throws(CallFailure) in try await client.head() }) == .present else {
            return ProvisioningFinding(existing: nil)
        }
        func stays(_ reason: String, _ changes: [ProvisioningChange] = []) -> ProvisioningFinding {
            ProvisioningFinding(existing: name, changes: changes, kept: ["\(name): \(reason)"])
        }
        let tags = try await BucketStep(provisioner: provisioner).tags(client)
        let policy = try await BucketPolicyStep(provisioner: provisioner).policy(client)
        var isOurs = false
        switch removal.names.ownership(of: tags) {
        case .ours: isOurs = true
        // A run that ended before the tags were written: the name has a hash of the owner.
        case .unowned where provisioner.bucketName == removal.names.bucket: isOurs = true
        case .adopted: break
        case .unowned: return stays("it was not created by this endpoint")
        case .foreign(let owner): return stays("it belongs to \(owner)")
        }
        // An adopted distribution stays, but does not need what was added for it any more once nothing trusts its host.
        let keeping = removal.keeping
        if isOurs || removal.isTrusted {
            guard keeping.isEmpty else { return stays("it is below \(keeping.joined(separator: ", "))") }
        }
        guard isOurs else {
            return stays("it was not created by this endpoint", try await release(client, tags, policy))
        }
        if let user = try await user(client) { return stays("the distribution \(user) of somebody else reads it") }
        let sid = removal.names.statement
        let foreign = (policy?.statements ?? []).first {
            $0["Effect"] != .string("Deny") && !PolicyDocument.isOf(sid, $0)
        }
        if let foreign {
            let text = foreign["Sid"].map(\.text) ?? "without a Sid"
            return stays("its policy has a statement of somebody else (\(text))")
        }
        let documents = Set(provisioner.objectKeys)
        let versions = try await removal.run { () throws(CallFailure) in
            try await client.versions { !documents.contains($0.key) }
        }
        if let other = versions.first(where: { !documents.contains($0.key) }) {
            let what = other.isDeleteMarker ? "a delete marker" : "a version"
            return stays(
                "it has \(what) of \(Quotation.of(other.key)); delete all versions of other objects, then run the "
                    + "command again")
        }
        return ProvisioningFinding(
            existing: name,
            changes: deletion(of: versions, client) + [
                ProvisioningChange("delete \(name)", request: client.text("DELETE", nil, nil)) {
                    () throws(ProvisioningError) in
                    try await removal.run { () throws(CallFailure) in try await client.delete() }
                }
            ])
    }

    /// The ID of another distribution with the bucket as an origin.
    private func user(_ client: BucketClient) async throws(ProvisioningError) -> String? {
        let ours = removal.provisioner.state.current.distribution?.id
        let all = try await removal.run { () throws(CallFailure) in
            try await removal.provisioner.cloudFront.list(.distribution)
        }
        return all.first { distribution in
            distribution["Id"]?.text != ours
                && (distribution["Origins"]?["Items"]?.children ?? []).contains { origin in
                    let host = origin["DomainName"]?.text.lowercased() ?? ""
                    return host.hasPrefix("\(client.bucket).s3.") || host.hasPrefix("\(client.bucket).s3-")
                }
        }?["Id"]?.text
    }

    private func deletion(of versions: [BucketClient.Version], _ client: BucketClient) -> [ProvisioningChange] {
        guard !versions.isEmpty else { return [] }
        return [
            ProvisioningChange(
                "delete \(versions.count) versions of the documents",
                request: versions.map { "DELETE s3://\(client.bucket)/\($0.key)?versionId=\($0.id)" }
                    .joined(separator: "\n")
            ) { () throws(ProvisioningError) in
                for version in versions {
                    try await removal.run { () throws(CallFailure) in try await client.delete(version) }
                }
            }
        ]
    }

    /// Removes from an adopted bucket the statement, the documents of this key ring and the tags.
    private func release(
        _ client: BucketClient, _ tags: [ResourceTag], _ policy: PolicyDocument?
    ) async throws(ProvisioningError) -> [ProvisioningChange] {
        var changes: [ProvisioningChange] = []
        let sid = removal.names.statement
        if let policy, case let wanted = policy.removing(sid), wanted != policy {
            let isEmpty = wanted.statements.isEmpty
            changes.append(
                ProvisioningChange(
                    isEmpty ? "delete the bucket policy" : "remove the statement \(sid) from the bucket policy",
                    differences: PolicyDocument.differences(from: policy, to: wanted),
                    request: client.text(isEmpty ? "DELETE" : "PUT", "policy", isEmpty ? nil : wanted.indentedText)
                ) { () throws(ProvisioningError) in
                    try await removal.run { () throws(CallFailure) in
                        if isEmpty {
                            try await client.deletePolicy()
                        } else {
                            try await client.put(policy: Array(wanted.text.utf8))
                        }
                    }
                })
        }
        var stamped: [BucketClient.Version] = []
        let owner = removal.provisioner.request.owner
        for key in removal.provisioner.objectKeys {
            let found = try await removal.run { () throws(CallFailure) in
                var ours: [BucketClient.Version] = []
                for version in try await client.versions(prefix: key) where version.key == key {
                    if !version.isDeleteMarker, try await client.owner(of: version) == owner { ours.append(version) }
                }
                return ours
            }
            stamped += found
        }
        changes += deletion(of: stamped, client)
        let rest = tags.filter { !ProvisionedNames.keys.contains($0.key) }
        let body = BucketStep.tagging(rest)
        // Last: without its tags the bucket is not known as adopted.
        changes.append(
            ProvisioningChange(
                "remove the tags of the bucket",
                request: client.text(rest.isEmpty ? "DELETE" : "PUT", "tagging", rest.isEmpty ? nil : body.outline)
            ) { () throws(ProvisioningError) in
                try await removal.run { () throws(CallFailure) in
                    if rest.isEmpty {
                        try await client.deleteTags()
                    } else {
                        try await client.put("tagging", body, action: "s3:PutBucketTagging")
                    }
                }
            })
        return changes
    }
}
