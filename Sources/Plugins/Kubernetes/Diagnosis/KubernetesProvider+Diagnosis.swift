import FoundationEssentials
public import GatewayPluginAPI
import JSON

extension KubernetesProvider {
    /// Calls the other API server without credentials, and compares its configuration where a file has it.
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        let server: OtherAPIServer
        let settings: Settings
        do throws(ProvisioningError) {
            (server, settings) = try reader(request, context)
        } catch {
            return [RelyingPartyFinding("API server", .notChecked, error.message, advice: "correct gateway.yaml")]
        }
        var findings = [await server.reachability()]
        let file = "AuthenticationConfiguration"
        if let configuration = request.configuration {
            findings += ConfigurationComparison(request: request, settings: settings, file: configuration).findings(
                file)
        } else {
            findings.append(
                RelyingPartyFinding(
                    file, .notChecked, "needs the file of --authentication-config: name it with --relying-party-config",
                    advice:
                        "or exchange a token with --exchange; sts-gateway provision kubernetes prints what it must have"
                ))
        }
        return findings
    }

    /// Asks the other API server who the token's user is (SelfSubjectReview).
    public static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession? {
        let (server, settings) = try reader(request, context)
        let user = try await server.user(of: token)
        let expected = request.workload.map { (settings.usernamePrefix ?? Settings.defaultPrefix) + $0.subject }
        let end = request.workload?.token?.claims["exp"]?.integerValue.map { Date(timeIntervalSince1970: Double($0)) }
        var members: [JSONValue.Member] = [.init("token", .string(token))]
        if let end { members.append(.init("expirationTimestamp", .string(end.formatted(.iso8601)))) }
        let credential: JSONValue = [
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": .object(members),
        ]
        let note = expected.map { $0 == user ? "" : ", expected \($0)" } ?? ""
        return RelyingPartySession(identity: "the user \(user)\(note)", expiration: end, credentials: credential.text)
    }

    private static func reader(
        _ request: DiagnosisRequest, _ context: ProvisioningContext
    ) throws(ProvisioningError) -> (OtherAPIServer, Settings) {
        guard let settings = try? (request.endpoint.settings ?? .object([])).decode(Settings.self) else {
            throw ProvisioningError(.permanent, "settings.server: missing required key")
        }
        return (
            OtherAPIServer(
                url: settings.server, certificateAuthority: settings.certificateAuthority, transport: context.transport),
            settings
        )
    }
}
