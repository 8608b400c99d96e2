import GatewayPluginAPI
import JOSE
import JSON

/// A JWT auth mount of its own that holds the endpoint's keys as PEM (`jwt_validation_pubkeys`). The server tries all of
/// them and ignores `kid`. It has no conditional write: the configuration is read again right before it is written.
struct VaultRecipient: KeyRecipient {
    let plan: VaultPublishPlan
    let server: VaultServer
    let credentials: VaultCredentials

    init(_ plan: VaultPublishPlan, _ context: PublisherContext) {
        self.plan = plan
        server = VaultServer(
            address: plan.address, namespace: plan.namespace, authorityFile: plan.authorityFile,
            transport: context.transport, files: context.files)
        credentials = VaultCredentials(plan, server, context)
    }

    var location: String { plan.location }

    func stored() async throws(PublishError) -> StoredKeySet? {
        let configuration = try await configuration()
        guard !configuration.isEmpty else { return nil }
        return configuration.stored(issuer: plan.issuer, algorithm: plan.algorithm)
    }

    func replace(_ stored: StoredKeySet?, with keys: JSONWebKeySet) async throws(PublishError) {
        let configuration = try await configuration()
        guard (configuration.isEmpty ? nil : configuration.version) == stored?.version else {
            throw PublishError(.conflict, "auth/\(plan.mount)/config was changed by another writer")
        }
        let body = try configuration.replacing(keys: keys, issuer: plan.issuer, algorithm: plan.algorithm)
        _ = try await send("POST", body: body)
    }

    private func configuration() async throws(PublishError) -> MountConfiguration {
        let answer = try await send("GET", body: nil)
        return MountConfiguration(data: answer.data ?? .object([]))
    }

    /// Where the token is rejected, a new one is requested once: it may have been revoked.
    private func send(_ method: String, body: JSONValue?) async throws(PublishError) -> VaultServer.Answer {
        let path = "auth/\(plan.mount)/config"
        do {
            return try await server.send(
                method, path, token: try await credentials.token(), body: body, absentIsFound: method == "GET")
        } catch {
            guard error.kind == .denied else { throw error }
            credentials.forget()
            return try await server.send(
                method, path, token: try await credentials.token(), body: body, absentIsFound: method == "GET")
        }
    }
}
