import GatewayPluginAPI

/// The container credential provider (AWS SDKs and Tools Reference Guide): `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` at
/// 169.254.170.2, or `…_FULL_URI` at loopback, at the addresses of ECS and EKS, or over https.
struct ContainerCredentials: CredentialProviding {
    let environment: @Sendable (String) -> String?
    let files: any PublisherFiles
    let client: IMDSClient

    func credentials() async throws(PublishError) -> AccessKey? {
        guard let url = try url() else { return nil }
        var headers: [HTTPHeaderField] = []
        if let token = try authorization() {
            guard token.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw PublishError(
                    .misconfigured,
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break or another control character; correct it")
            }
            headers.append(HTTPHeaderField("Authorization", token))
        }
        return try IMDSClient.key(try await client.send("GET", url, headers: headers), from: url)
    }

    private func url() throws(PublishError) -> String? {
        if let path = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), !path.isEmpty {
            guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw PublishError(.misconfigured, "invalid AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; expected a path")
            }
            return "http://169.254.170.2\(path)"
        }
        guard let url = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI"), !url.isEmpty else { return nil }
        guard Self.isAllowed(url) else {
            throw PublishError(
                .misconfigured,
                "invalid AWS_CONTAINER_CREDENTIALS_FULL_URI; expected https, or http to loopback, 169.254.170.2, "
                    + "169.254.170.23 or [fd00:ec2::23]")
        }
        return url
    }

    static func isAllowed(_ url: String) -> Bool {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let end = url.firstRange(of: "://") else {
            return false
        }
        let authority = url[end.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.isEmpty, !authority.contains("@"), !authority.contains("\\") else { return false }
        switch url[..<end.lowerBound].lowercased() {
        case "https": return true
        case "http":
            let host: Substring
            if authority.hasPrefix("[") {
                guard let bracket = authority.firstIndex(of: "]") else { return false }
                host = authority[...bracket]
                guard authority[bracket...].dropFirst().first ?? ":" == ":" else { return false }
            } else {
                host = authority.prefix { $0 != ":" }
            }
            return ["localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(
                host.lowercased()) || isLoopback4(host)
        default: return false
        }
    }

    /// 127.0.0.0/8, each part in plain decimal.
    private static func isLoopback4(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in UInt8(part).map { String($0) == part } ?? false }
    }

    private func authorization() throws(PublishError) -> String? {
        if let path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), !path.isEmpty {
            guard let content = try files.read(path) else {
                throw PublishError(.misconfigured, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: missing file")
            }
            guard let text = String(validating: content, as: UTF8.self) else {
                throw PublishError(.misconfigured, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: the file is not UTF-8")
            }
            return text
        }
        return environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").flatMap { $0.isEmpty ? nil : $0 }
    }
}
