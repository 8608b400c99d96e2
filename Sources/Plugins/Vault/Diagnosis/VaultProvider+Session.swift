import FoundationEssentials
public import GatewayPluginAPI
import JSON

extension VaultProvider {
    /// Logs in with the token in the role that the annotation names. The session is a token of Vault.
    public static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession? {
        guard VaultNames.isRole(identity) else {
            throw ProvisioningError(
                .permanent, "invalid role \(Quotation.of(identity)); \(VaultNames.expectedRole)")
        }
        let (server, mount) = try loginServer(request.endpoint, context)
        let body: JSONValue = ["role": .string(identity), "jwt": .string(token)]
        let answer: VaultServer.Answer
        do throws(PublishError) {
            answer = try await server.send("POST", "auth/\(mount)/login", token: nil, body: body)
        } catch {
            // The server may quote the request.
            let isTransient = [.unavailable, .throttled].contains(error.kind)
            throw ProvisioningError(
                isTransient ? .transient : .permanent, error.message.replacing(token, with: "[token removed]"),
                advice: isTransient
                    ? "check the address, the network and publish.caFile"
                    : "compare bound_audiences, bound_subject and bound_claims of the role, and the keys of the mount")
        }
        guard let auth = answer.body["auth"], let session = auth["client_token"]?.stringValue, !session.isEmpty else {
            throw ProvisioningError(.permanent, "POST auth/\(mount)/login: the response has no auth.client_token")
        }
        let policies = (auth["policies"]?.elementList ?? []).compactMap(\.stringValue).map { Quotation.of($0) }
        let seconds = auth["lease_duration"]?.integerValue.flatMap { $0 > 0 ? Double(min($0, 31_536_000)) : nil }
        return RelyingPartySession(
            identity: "the role \(identity) of auth/\(mount) with the policies \(policies.joined(separator: ", "))",
            expiration: seconds.map { context.now().addingTimeInterval($0) }, credentials: session)
    }

    /// The server and the mount that workloads log in at: those of `publish`, else those of `settings`.
    private static func loginServer(
        _ endpoint: ProvisioningRequest, _ context: ProvisioningContext
    ) throws(ProvisioningError) -> (VaultServer, mount: String) {
        func text(_ key: String) -> String? {
            [endpoint.publish, endpoint.settings].lazy.compactMap { $0?[key]?.stringValue }.first
        }
        guard let address = text("address").flatMap(VaultNames.address) else {
            throw ProvisioningError(
                .permanent, "the address of the server is not known", advice: "set settings.address of the endpoint")
        }
        let mount = text("mount") ?? endpoint.name
        guard VaultNames.isPath(mount), text("namespace").map(VaultNames.isPath) ?? true else {
            throw ProvisioningError(.permanent, "invalid mount or namespace", advice: "run sts-gateway config check")
        }
        let server = VaultServer(
            address: address, namespace: text("namespace"), authorityFile: endpoint.publish?["caFile"]?.stringValue,
            transport: context.transport, files: context.files)
        return (server, mount)
    }
}
