import FoundationEssentials
public import GatewayPluginAPI
import JSON

extension AWSProvider {
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        var role: RoleARN?
        var findings: [RelyingPartyFinding] = []
        if let annotation = request.workload?.annotation {
            do throws(InjectionError) {
                role = try RoleARN(annotation)
            } catch {
                findings.append(
                    RelyingPartyFinding(
                        "role", .failed(.identity), error.message, advice: "correct the annotation of the workload"))
            }
        }
        do {
            let provisioner = try provisioner(request.endpoint, context)
            return await findings + AccountDiagnosis(provisioner: provisioner, request: request, role: role).findings()
        } catch {
            let text = error.errors.map { "\($0.key): \($0.message)" }.joined(separator: "; ")
            return findings + [RelyingPartyFinding("credentials", .notChecked, text)]
        }
    }

    public static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession? {
        let role: RoleARN
        let settings: ProvisioningSettings
        do throws(InjectionError) {
            role = try RoleARN(identity)
        } catch {
            throw ProvisioningError(.permanent, error.message)
        }
        do {
            settings = try Self.settings(request.endpoint, context)
        } catch {
            throw ProvisioningError(.permanent, error.errors.map { "\($0.key): \($0.message)" }.joined(separator: "; "))
        }
        let name =
            request.workload.map {
                RoleSessionName(namespace: $0.namespace, serviceAccountName: $0.serviceAccountName).rawValue
            } ?? "sts-gateway-\(request.endpoint.name)"
        let sts = STSClient(
            endpoint: settings.sts, transport: context.transport,
            authorities: Provisioner.authorities(settings.authorityFile, context.files))
        let exchange: STSClient.Exchange
        do {
            exchange = try await sts.exchange(role, sessionName: name, token: token, seconds: 900)
        } catch {
            throw ProvisioningError(.transient, error.message)
        }
        switch exchange {
        case .session(let key, let arn):
            return RelyingPartySession(
                identity: arn, expiration: key.expiration, credentials: Self.processCredentials(key).text)
        case .rejected(let error):
            throw ProvisioningError(.permanent, error.assumeRoleError(STSClient.call(role)).message)
        }
    }

    /// The output of a `credential_process` (AWS SDKs and Tools Reference Guide, "Process credential provider").
    private static func processCredentials(_ key: AccessKey) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("Version", 1), .init("AccessKeyId", .string(key.id)), .init("SecretAccessKey", .string(key.secret)),
        ]
        if let token = key.sessionToken { members.append(.init("SessionToken", .string(token))) }
        if let end = key.expiration { members.append(.init("Expiration", .string(end.formatted(.iso8601)))) }
        return .object(members)
    }

    private static func provisioner(
        _ request: ProvisioningRequest, _ context: ProvisioningContext
    ) throws(SettingsErrors) -> Provisioner {
        let existing = Self.existing(request)
        return Provisioner(existing, try settings(existing, context), context)
    }

    private static func settings(
        _ request: ProvisioningRequest, _ context: ProvisioningContext
    ) throws(SettingsErrors) -> ProvisioningSettings {
        // IAM is global, and any region has its STS.
        let region = try profileRegion(context) ?? "us-east-1"
        return try ProvisioningSettings(
            existing(request), isRemoval: true, accounts: context.administration.accounts, profileRegion: region,
            environment: context.environment)
    }

    /// The request for provider and roles only, wherever the documents are served.
    private static func existing(_ request: ProvisioningRequest) -> ProvisioningRequest {
        var publish = request.publish
        if case .object(let members) = publish {
            publish = .object(members.filter { $0.name != "distribution" })
        }
        return ProvisioningRequest(
            cluster: request.cluster, name: request.name, host: request.host, path: request.path,
            audiences: request.audiences, owner: request.owner, publisherSubject: request.publisherSubject,
            settings: request.settings, publish: publish, subjectTemplate: request.subjectTemplate,
            claims: request.claims, serving: IssuerServing.external.rawValue, roles: request.roles,
            isForRolesOnly: true, jwksPath: request.jwksPath)
    }
}
