import GatewayPluginAPI

/// The instance metadata service, version 2 only (EC2 User Guide, "Use the Instance Metadata Service").
struct InstanceCredentials: CredentialProviding {
    let environment: @Sendable (String) -> String?
    let client: IMDSClient

    func credentials() async throws(PublishError) -> AccessKey? {
        if environment("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
        let base = try base()
        let issued: HTTPTransportResponse
        do {
            issued = try await client.send(
                "PUT", "\(base)/latest/api/token",
                headers: [HTTPHeaderField("X-aws-ec2-metadata-token-ttl-seconds", "300")])
        } catch {
            throw PublishError(
                error.kind,
                "\(error); this is not an EC2 instance, or its hop limit (HttpPutResponseHopLimit) blocks containers; "
                    + "raise the limit, or use other credentials")
        }
        let session = String(validating: issued.body, as: UTF8.self) ?? ""
        guard issued.status == 200, (1...1_024).contains(session.utf8.count),
            session.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw PublishError(
                .denied, "\(base) returned no session token (\(issued.status)); enable IMDSv2")
        }
        let headers = [HTTPHeaderField("X-aws-ec2-metadata-token", session)]
        let list = "\(base)/latest/meta-data/iam/security-credentials/"
        let roles = try await client.send("GET", list, headers: headers)
        if roles.status == 404 {
            throw PublishError(.denied, "this instance has no role; attach an instance profile")
        }
        let role = (String(validating: roles.body, as: UTF8.self) ?? "").split(whereSeparator: \.isNewline).first ?? ""
        guard roles.status == 200, (1...64).contains(role.utf8.count), role.utf8.allSatisfy(RoleSessionName.allows)
        else { throw PublishError(.malformed, "\(list) returned no role name (\(roles.status))") }
        return try IMDSClient.key(try await client.send("GET", list + role, headers: headers), from: list)
    }

    private func base() throws(PublishError) -> String {
        if let given = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"), !given.isEmpty {
            guard let endpoint = ServiceEndpoint(given) else {
                throw PublishError(
                    .misconfigured,
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT: invalid URL \(Quotation.of(given)); expected one such as "
                        + "http://169.254.169.254")
            }
            return endpoint.url
        }
        let isIPv6 = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
        return isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
    }
}
