import CloudAPI
import GatewayPluginAPI
import JSON

/// The bucket of the documents: uniform access, and everybody may read objects by their names. A bucket that existed
/// before gets the grant only.
struct BucketStep: ProvisioningStep {
    let id = "bucket"
    let title = "bucket of the documents"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let name = provisioner.bucket
        let everybody = Grant(resource: .bucket(name), role: Grant.objectReader, members: ["allUsers"])
        guard provisioner.publish["bucket"] != nil, let found = try await provisioner.bucketMetadata() else {
            let isNamed = provisioner.publish["bucket"] != nil
            return ProvisioningFinding(
                existing: nil,
                changes: [creation] + (isNamed ? try await provisioner.changes(for: [everybody]) : []))
        }
        try provisioner.rejectForeign(provisioner.ownership?.owner(ofLabels: found["labels"]), "the bucket \(name)")
        guard found["iamConfiguration"]?["publicAccessPrevention"] != "enforced" else {
            throw ProvisioningError(
                .permanent,
                "the bucket \(name) enforces public access prevention, so Google cannot read the documents; hand over the "
                    + "keys (provision.serving: keys), or use another bucket")
        }
        return ProvisioningFinding(
            existing: "gs://\(name)", changes: try await provisioner.changes(for: [everybody]))
    }

    private var creation: ProvisioningChange {
        let labels = provisioner.ownership?.labels ?? []
        var members: [JSONValue.Member] = [
            .init("name", .string(provisioner.bucket)),
            .init(
                "iamConfiguration",
                ["uniformBucketLevelAccess": ["enabled": true], "publicAccessPrevention": "inherited"]),
            .init("labels", .object(labels.map { JSONValue.Member($0.key, .string($0.value)) })),
        ]
        if let region = provisioner.region { members.append(.init("location", .string(region.uppercased()))) }
        let body = JSONValue.object(members)
        let project = provisioner.project ?? provisioner.provider.projectNumber
        let url = "\(provisioner.client.services.storage)/storage/v1/b?project=\(PercentEncoding.value(project))"
        return ProvisioningChange(
            "create the bucket \(provisioner.bucket)", differences: ["+ \(body.text)"],
            request: "POST \(url)\n\(body.text)"
        ) { () throws(ProvisioningError) in
            try await provisioner.run { () throws(PublishError) in
                _ = try await provisioner.client.send(JSONService.Call("POST", url, json: body))
            }
        }
    }
}

extension Provisioner {
    /// nil where the bucket does not exist.
    func bucketMetadata() async throws(ProvisioningError) -> JSONValue? {
        try await run { () throws(PublishError) in
            let answer = try await client.send(
                JSONService.Call("GET", "\(client.services.storage)/storage/v1/b/\(bucket)"), expected: [404],
                advice: "the bucket belongs to somebody else, or you lack storage.buckets.get")
            return answer.status == 404 ? nil : answer.json
        }
    }
}

/// The first upload of the documents.
struct DocumentsStep: ProvisioningStep {
    let id = "documents"
    let title = "documents of the issuer"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (host, publish) = (provisioner.host, provisioner.publish)
        var isReady = publish["bucket"] != nil
        if isReady {
            try provisioner.issuer.isKnown(host: host, publish: publish)
            isReady = try await provisioner.bucketMetadata() != nil
        }
        let upload = FirstUpload(
            of: provisioner.issuer, documents: provisioner.request.documents,
            host: host, publish: publish,
            request: "POST \(provisioner.client.services.storage)/upload/storage/v1/b/\(provisioner.bucket)/o")
        return try await upload.finding(isReady: isReady)
    }
}

/// Waits until the issuer URL serves the documents.
struct ServingStep: ProvisioningStep {
    let id = "serving"
    let title = "issuer URL that serves the documents"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let problem = try await provisioner.issuer.servingProblem(
            host: provisioner.host, publish: provisioner.publish)
        return ProvisioningFinding(existing: provisioner.issuerURL, waiting: problem)
    }
}
