import FoundationEssentials
import GatewayPluginAPI

/// The credentials of the person who runs a command, found as the AWS CLI does (botocore, `create_credential_resolver`):
/// environment, role of the profile, web identity, single sign-on, keys, process, container, IMDSv2. A profile that `--profile`
/// or `provision.accounts` names takes precedence over the environment. Temporary credentials are not written to a cache.
struct AdministratorCredentials: CredentialProviding {
    /// The profile that takes precedence over the environment's credentials; nil for none.
    let explicitProfile: String?
    /// The profile where neither `explicitProfile` nor `AWS_PROFILE` names one.
    let defaultProfile: String?
    let environment: @Sendable (String) -> String?
    let files: any PublisherFiles
    let programs: (any ProgramRunning)?
    let sts: STSClient
    let now: @Sendable () -> Date

    static let sessionName = "sts-gateway-provision"

    /// - Parameter account: whose entry of `provision.accounts` decides; nil for none.
    static func provider(
        _ administration: Administration, account: String?, defaultProfile: String?,
        environment: @escaping @Sendable (String) -> String?, files: any PublisherFiles, sts: STSClient,
        now: @escaping @Sendable () -> Date
    ) -> any CredentialProviding {
        let entry = administration.accounts.first { $0.id == account }
        let base = AdministratorCredentials(
            explicitProfile: entry?.profile ?? administration.profile, defaultProfile: defaultProfile,
            environment: environment, files: files, programs: administration.programs, sts: sts, now: now)
        guard let entry, let role = entry.role else { return base }
        return AccountCredentials(base: base, role: role, account: entry.id)
    }

    func credentials() async throws(PublishError) -> AccessKey? {
        if explicitProfile == nil,
            let key = try await EnvironmentCredentials(environment: environment).credentials()
        {
            return key
        }
        let configuration = try SharedConfiguration(environment: environment, files: files)
        let named = explicitProfile ?? given("AWS_PROFILE") ?? given("AWS_DEFAULT_PROFILE") ?? defaultProfile
        let name = named ?? "default"
        let values = configuration.profiles[name]
        if named != nil, values == nil {
            throw PublishError(.denied, "missing profile \(Quotation.of(name)); create it, or name another")
        }
        if let values, Self.isAssumed(values) {
            return try await assumed(name, values, configuration, visited: [name])
        }
        let usesEnvironment = explicitProfile == nil
        if let key = try await own(name, values ?? [:], configuration, usesEnvironment: usesEnvironment) { return key }
        if let key = try await container.credentials() { return key }
        do throws(PublishError) {
            if let key = try await instance.credentials() { return key }
        } catch {
            guard error.kind != .misconfigured else { throw error }
            throw PublishError(
                error.kind,
                "no credentials: the environment, the profile \(Quotation.of(name)) and the container have none, "
                    + "and \(error); name a profile with --profile, or run: aws configure")
        }
        throw PublishError(
            .denied,
            "no credentials: the environment, the profile \(Quotation.of(name)) and the container have none; name a "
                + "profile with --profile, or run: aws configure")
    }

    /// The region of the profile; nil where it has none.
    func region() throws(PublishError) -> String? {
        let configuration = try SharedConfiguration(environment: environment, files: files)
        let name = explicitProfile ?? given("AWS_PROFILE") ?? given("AWS_DEFAULT_PROFILE") ?? defaultProfile
        return configuration.profiles[name ?? "default"]?["region"].flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: Roles

    private static func isAssumed(_ values: [String: String]) -> Bool {
        values["role_arn"] != nil && values["web_identity_token_file"] == nil
    }

    private static func hasKeys(_ values: [String: String]) -> Bool {
        values["aws_access_key_id"] != nil || values["aws_secret_access_key"] != nil
    }

    /// A session of the profile's role (AWS SDKs and Tools Reference Guide, "Assume role credential provider").
    private func assumed(
        _ name: String, _ values: [String: String], _ configuration: SharedConfiguration, visited: [String]
    ) async throws(PublishError) -> AccessKey {
        let place = "the profile \(Quotation.of(name))"
        guard values["mfa_serial"] == nil else {
            throw PublishError(
                .denied,
                "\(place) has mfa_serial: MFA is not supported, since the command cannot renew a session without a new "
                    + "code; run: eval \"$(aws configure export-credentials --format env --profile "
                    + "\(ShellWords.quoted(name)))\"")
        }
        let source: AccessKey
        switch (values["source_profile"], values["credential_source"]) {
        case (nil, nil), (.some, .some):
            throw PublishError(
                .misconfigured, "\(place): role_arn needs either source_profile or credential_source; set one of them")
        case (nil, .some(let word)):
            source = try await named(word, place)
        case (.some(let next), nil):
            guard let found = configuration.profiles[next] else {
                throw PublishError(
                    .misconfigured, "\(place): missing source_profile \(Quotation.of(next)); create it, or name another"
                )
            }
            let isItself = next == name && visited.count == 1 && Self.hasKeys(found)
            guard isItself || !visited.contains(next) else {
                throw PublishError(.misconfigured, "\(place): source_profile leads back to itself; name another")
            }
            if Self.isAssumed(found), !Self.hasKeys(found) {
                source = try await assumed(next, found, configuration, visited: visited + [next])
            } else if let key = try await own(next, found, configuration, usesEnvironment: false) {
                source = key
            } else {
                throw PublishError(.denied, "\(place): its source_profile \(Quotation.of(next)) has no credentials")
            }
        }
        return try await AssumedRole(
            role: values["role_arn"] ?? "", sessionName: values["role_session_name"] ?? Self.sessionName,
            externalID: values["external_id"], seconds: values["duration_seconds"].flatMap { Int($0) }, sts: sts,
            now: now
        ).session(source, place)
    }

    private func named(_ source: String, _ place: String) async throws(PublishError) -> AccessKey {
        let provider: any CredentialProviding
        switch source {
        case "Environment": provider = EnvironmentCredentials(environment: environment)
        case "EcsContainer": provider = container
        case "Ec2InstanceMetadata": provider = instance
        default:
            throw PublishError(
                .misconfigured,
                "\(place): invalid credential_source \(Quotation.of(source)); expected Environment, "
                    + "Ec2InstanceMetadata or EcsContainer")
        }
        guard let key = try await provider.credentials() else {
            throw PublishError(.denied, "\(place): its credential_source \(source) has no credentials")
        }
        return key
    }

    // MARK: A profile without a source

    private func own(
        _ name: String, _ values: [String: String], _ configuration: SharedConfiguration, usesEnvironment: Bool
    ) async throws(PublishError) -> AccessKey? {
        if let key = try await webIdentity(values, usesEnvironment: usesEnvironment) { return key }
        if SSOCredentials.isSetUp(values) {
            return try await SSOCredentials(
                profile: name, environment: environment, files: files, transport: sts.transport, now: now
            ).credentials(values, configuration)
        }
        if let key = try Self.keys(name, configuration.credentials[name] ?? [:]) { return key }
        if let command = values["credential_process"] {
            return try await ProcessCredentials(profile: name, programs: programs).credentials(command)
        }
        return try Self.keys(name, values)
    }

    private static func keys(_ name: String, _ values: [String: String]) throws(PublishError) -> AccessKey? {
        guard let id = values["aws_access_key_id"], !id.isEmpty else { return nil }
        guard let secret = values["aws_secret_access_key"], !secret.isEmpty else {
            throw PublishError(
                .misconfigured,
                "the profile \(Quotation.of(name)) has aws_access_key_id and no aws_secret_access_key; add it")
        }
        let token = values["aws_session_token"] ?? values["aws_security_token"]
        return AccessKey(id: id, secret: secret, sessionToken: token.flatMap { $0.isEmpty ? nil : $0 })
    }

    private func webIdentity(
        _ values: [String: String], usesEnvironment: Bool
    ) async throws(PublishError) -> AccessKey? {
        var merged: [String: String] = [:]
        for (variable, key) in [
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file"), ("AWS_ROLE_ARN", "role_arn"),
            ("AWS_ROLE_SESSION_NAME", "role_session_name"),
        ] {
            merged[variable] = (usesEnvironment ? given(variable) : nil) ?? values[key]
        }
        return try await WebIdentityCredentials(
            environment: { [merged] in merged[$0] }, files: files, sts: sts, sessionName: Self.sessionName
        ).credentials()
    }

    private var container: ContainerCredentials {
        ContainerCredentials(environment: environment, files: files, client: IMDSClient(transport: sts.transport))
    }

    private var instance: InstanceCredentials {
        InstanceCredentials(environment: environment, client: IMDSClient(transport: sts.transport))
    }

    private func given(_ variable: String) -> String? { environment(variable).flatMap { $0.isEmpty ? nil : $0 } }
}
