import AWSXML
import CloudAPI
import GatewayPluginAPI

/// The first upload of the documents.
struct DocumentsStep: ProvisioningStep {
    let id = "documents"
    let title = "documents of the issuer"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let (host, publish) = (provisioner.host, provisioner.publish)
        if provisioner.settings.serving == .s3, provisioner.isHostKnown, provisioner.state.current.account != nil {
            if let configured = provisioner.request.host, configured != host {
                throw ProvisioningError(
                    .permanent,
                    "issuer.host is \(Quotation.of(configured)), but the bucket's host is \(Quotation.of(host)); correct "
                        + "issuer.host, or remove it")
            }
            try provisioner.issuer.isKnown(host: host, publish: publish)
        }
        let isReady = provisioner.isHostKnown && provisioner.state.current.hasBucket
        let upload = FirstUpload(
            of: provisioner.issuer, documents: provisioner.request.documents,
            host: host, publish: publish,
            request: provisioner.objectKeys.map { "PUT s3://\(provisioner.bucketName)/\($0)" }.joined(separator: "\n"))
        return try await upload.finding(isReady: isReady)
    }
}

/// Waits until the distribution is deployed and the issuer URL serves the documents. Before that, IAM could not read the
/// key set.
struct ServingStep: ProvisioningStep {
    let id = "serving"
    let title = "distribution that serves the documents"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        if provisioner.settings.serving == .s3 {
            try provisioner.issuer.isKnown(host: provisioner.host, publish: provisioner.publish)
            let problem = try await provisioner.issuer.servingProblem(
                host: provisioner.host, publish: provisioner.publish)
            return ProvisioningFinding(existing: "https://\(provisioner.issuerName)", waiting: problem)
        }
        guard let distribution = provisioner.state.current.distribution else {
            return ProvisioningFinding(existing: nil, waiting: "the distribution is not created yet")
        }
        let current = try await provisioner.run { () throws(CallFailure) in
            try await provisioner.cloudFront.get(.distribution, distribution.id)
        }
        let status = current?.element["Status"]?.text ?? ""
        guard status == "Deployed" else {
            return ProvisioningFinding(
                existing: nil, waiting: "CloudFront deploys the distribution (\(status)); this takes some minutes")
        }
        let problem = try await provisioner.issuer.servingProblem(host: provisioner.host, publish: provisioner.publish)
        return ProvisioningFinding(existing: "https://\(provisioner.issuerName)", waiting: problem)
    }
}
