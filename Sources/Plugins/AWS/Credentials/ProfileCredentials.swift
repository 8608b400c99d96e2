import GatewayPluginAPI

/// The keys of a profile in the shared credentials file, else in the config file. Roles, single sign-on and processes are
/// not supported; a profile that has only those is an error.
struct ProfileCredentials: CredentialProviding {
    /// The profile's name; nil for that of `AWS_PROFILE`, or else `default`.
    let profile: String?
    let environment: @Sendable (String) -> String?
    let files: any PublisherFiles

    func credentials() async throws(PublishError) -> AccessKey? {
        let name = profile ?? given("AWS_PROFILE") ?? "default"
        let home = given("HOME").map { $0 + "/.aws/" }
        var values: [String: String]?
        for (variable, file, prefixed) in [
            ("AWS_SHARED_CREDENTIALS_FILE", "credentials", false), ("AWS_CONFIG_FILE", "config", true),
        ] {
            guard let path = given(variable) ?? home.map({ $0 + file }), let content = try files.read(path) else {
                continue
            }
            guard let text = String(validating: content, as: UTF8.self) else {
                throw PublishError(.misconfigured, "\(Quotation.of(path)) is not UTF-8")
            }
            guard let found = ProfileFile(text, prefixed: prefixed)[name] else { continue }
            values = (values ?? [:]).merging(found) { first, _ in first }
            if let key = key(found) { return key }
        }
        if let values {
            let names = values.keys.filter { $0.hasPrefix("sso_") || $0 == "credential_process" || $0 == "role_arn" }
            throw PublishError(
                .denied,
                "the profile \(Quotation.of(name)) has no aws_access_key_id and aws_secret_access_key"
                    + (names.isEmpty ? "" : ", and \(names.sorted().joined(separator: ", ")) are not supported")
                    + "; add keys, or export them: aws configure export-credentials --format env")
        }
        // A profile that the settings or the environment name must exist.
        if profile != nil || given("AWS_PROFILE") != nil {
            throw PublishError(.denied, "missing profile \(Quotation.of(name)); create it, or name another")
        }
        return nil
    }

    private func key(_ values: [String: String]) -> AccessKey? {
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"], !id.isEmpty,
            !secret.isEmpty
        else { return nil }
        return AccessKey(
            id: id, secret: secret, sessionToken: values["aws_session_token"].flatMap { $0.isEmpty ? nil : $0 })
    }

    private func given(_ variable: String) -> String? { environment(variable).flatMap { $0.isEmpty ? nil : $0 } }
}
