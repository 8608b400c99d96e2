import AWSXML
import GatewayPluginAPI

/// The CloudFront distribution in front of the bucket; its host is the issuer's. A configured distribution that existed
/// before gets tags only, and must serve the bucket already.
struct DistributionStep: ProvisioningStep {
    let id = "distribution"
    let title = "CloudFront distribution in front of the bucket"
    let provisioner: Provisioner

    func inspect() async throws(ProvisioningError) -> ProvisioningFinding {
        let client = provisioner.cloudFront
        guard let found = try await find() else { return creation(client) }
        let id = found.id
        let name = "the distribution \(id) (\(found.domain))"
        let arn = provisioner.distributionARN(id)
        let tags = try await provisioner.run { () throws(CallFailure) in try await client.tags(of: arn) }
        let ownership = provisioner.names?.ownership(of: tags)
        try provisioner.rejectForeign(ownership, name)
        let current = try await provisioner.run { () throws(CallFailure) in try await client.get(.distribution, id) }
        guard let current, let configuration = current.element["DistributionConfig"] else {
            throw ProvisioningError(.transient, "\(name) is not visible yet")
        }
        try check(found.domain)
        // The comment alone is not enough: whoever may create a distribution in the account may set it.
        let isOurs =
            ownership == .ours
            || (configuration["Comment"]?.text == wanted.comment
                && configuration["CallerReference"]?.text == wanted.callerReference)
        guard isOurs || provisioner.settings.distribution != nil else {
            throw ProvisioningError(
                .permanent,
                "\(name) has the comment of this endpoint, but neither its tags nor its caller reference; delete it, or "
                    + "name it in publish.distribution to adopt it")
        }
        provisioner.state.update { $0.distribution = .init(id: id, domain: found.domain) }
        try provisioner.issuer.isKnown(host: provisioner.host, publish: provisioner.publish)
        var changes: [ProvisioningChange] = []
        let missing = (isOurs ? provisioner.tags : provisioner.names?.adoptedTags ?? []).filter { !tags.contains($0) }
        if !missing.isEmpty { changes.append(tagChange(client, arn, missing)) }
        guard isOurs else {
            provisioner.state.update { $0.isAdopted.insert(self.id) }
            let origins = configuration["Origins"]?["Items"]?.children ?? []
            guard origins.contains(where: { $0["DomainName"]?.text == wanted.bucketDomain }) else {
                throw ProvisioningError(
                    .permanent,
                    "\(name) has no origin \(wanted.bucketDomain); add it with an origin access control, or remove "
                        + "publish.distribution")
            }
            return ProvisioningFinding(
                existing: "\(name), which existed before (adopted)", changes: changes,
                notes: ["\(name) existed before: its configuration is not changed"])
        }
        let desired = wanted.applied(to: configuration)
        let (before, after) = (
            DistributionConfiguration.normalized(configuration), DistributionConfiguration.normalized(desired)
        )
        if before != after {
            changes.append(
                ProvisioningChange(
                    "update the distribution \(id)",
                    differences: ProvisioningChange.differences(from: before.outline, to: after.outline)
                        .filter { !$0.hasPrefix(" ") },
                    request: client.text("PUT", "distribution/\(id)/config", desired)
                ) { () throws(ProvisioningError) in
                    try await provisioner.run { () throws(CallFailure) in
                        try await client.update(.distribution, id, desired, ifMatch: current.entityTag)
                    }
                })
        }
        return ProvisioningFinding(
            existing: name, changes: changes,
            notes: provisioner.settings.alias == nil
                ? [
                    "CloudFront serves its own host name with TLSv1 and later; a minimum of TLS 1.2 needs an alternate "
                        + "domain name (issuer.host and --certificate)"
                ] : [])
    }

    private func creation(_ client: DistributionClient) -> ProvisioningFinding {
        let (configuration, tags) = (wanted.created, provisioner.tags)
        return ProvisioningFinding(
            existing: nil,
            changes: [
                ProvisioningChange(
                    "create a distribution",
                    request: client.text(
                        "POST", "distribution?WithTags", DistributionClient.withTags(configuration, tags))
                ) { () throws(ProvisioningError) in
                    _ = try await provisioner.run { () throws(CallFailure) in
                        try await client.createDistribution(configuration, tags: tags)
                    }
                }
            ])
    }

    private func tagChange(_ client: DistributionClient, _ arn: String, _ tags: [ResourceTag]) -> ProvisioningChange {
        ProvisioningChange(
            "tag the distribution", differences: tags.map { "+ \($0.key)=\($0.value)" },
            request: client.text(
                "POST", "tagging?Operation=Tag&Resource=\(arn)", DistributionClient.tags(tags))
        ) { () throws(ProvisioningError) in
            try await provisioner.run { () throws(CallFailure) in try await client.tag(arn, tags) }
        }
    }

    /// The configured host must be that of the distribution.
    private func check(_ domain: String) throws(ProvisioningError) {
        guard let host = provisioner.request.host, provisioner.settings.alias == nil, host != domain else { return }
        throw ProvisioningError(
            .permanent,
            "issuer.host is \(Quotation.of(host)), but the distribution's host is \(Quotation.of(domain)); correct "
                + "issuer.host, or remove it")
    }

    private var wanted: DistributionConfiguration { provisioner.distribution }

    /// The configured distribution, or the one with our comment.
    func find() async throws(ProvisioningError) -> ProvisionedState.Distribution? {
        if let id = provisioner.settings.distribution {
            let found = try await provisioner.run { () throws(CallFailure) in
                try await provisioner.cloudFront.get(.distribution, id)
            }
            guard let domain = found?.element["DomainName"]?.text else {
                throw ProvisioningError(
                    .permanent, "there is no distribution \(Quotation.of(id)); correct or remove publish.distribution")
            }
            return .init(id: id, domain: domain)
        }
        guard provisioner.names != nil else { return nil }
        let all = try await provisioner.run { () throws(CallFailure) in
            try await provisioner.cloudFront.list(.distribution)
        }
        let ours = all.filter { $0["Comment"]?.text == wanted.comment }
        guard ours.count < 2 else { throw .severalDistributions(ours, wanted.comment) }
        guard let first = ours.first, let id = first["Id"]?.text, let domain = first["DomainName"]?.text else {
            return nil
        }
        return .init(id: id, domain: domain)
    }
}

extension ProvisioningError {
    static func severalDistributions(_ found: [XMLElement], _ comment: String) -> ProvisioningError {
        ProvisioningError(
            .permanent,
            "the distributions \(found.compactMap { $0["Id"]?.text }.joined(separator: ", ")) have the comment "
                + "\(Quotation.of(comment)); name that of this endpoint in publish.distribution, or delete the others")
    }
}

extension Provisioner {
    /// The wanted configuration of the distribution.
    var distribution: DistributionConfiguration {
        DistributionConfiguration(
            comment: names?.comment ?? "${distribution.comment}",
            bucketDomain: "\(bucketName).s3.\(settings.region).\(partition.domain)",
            originPath: settings.prefix.isEmpty ? "" : "/\(settings.prefix)",
            accessControl: state.current.accessControl ?? "${access-control.id}", alias: settings.alias,
            certificate: settings.certificate, callerReference: names?.bucket ?? "${distribution.reference}")
    }

    func distributionARN(_ id: String) -> String {
        "arn:\(partition.rawValue):cloudfront::\(account):distribution/\(id)"
    }
}
