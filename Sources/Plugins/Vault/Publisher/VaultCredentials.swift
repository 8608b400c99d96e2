import FoundationEssentials
import GatewayPluginAPI
import JSON
import Synchronization

/// The token of Vault with which the gateway reads and writes the configuration of its mount: an administrator's, one of
/// a file, or that of a login with the gateway's own token.
final class VaultCredentials: Sendable {
    private struct Session {
        let token: String
        let end: Date
    }

    private let plan: VaultPublishPlan
    private let server: VaultServer
    private let context: PublisherContext
    private let session = Mutex<Session?>(nil)

    init(_ plan: VaultPublishPlan, _ server: VaultServer, _ context: PublisherContext) {
        self.plan = plan
        self.server = server
        self.context = context
    }

    /// Returns a token that is valid now.
    func token() async throws(PublishError) -> String {
        if context.administration != nil {
            for name in ["VAULT_TOKEN", "BAO_TOKEN"] {
                if let token = context.environment(name), !token.isEmpty { return token }
            }
            throw PublishError(
                .denied, "VAULT_TOKEN is not set; set it to a token that may write auth/\(plan.mount)/config")
        }
        switch plan.proof {
        case .file(let path):
            guard let bytes = try context.files.read(path), let text = String(validating: bytes, as: UTF8.self) else {
                throw PublishError(.denied, "publish.tokenFile: missing or unreadable file \"\(path)\"")
            }
            return String(text.filter { !$0.isWhitespace })
        case .role(let role): return try await login(role)
        }
    }

    /// Forgets the token: the server does not accept it any more.
    func forget() { session.withLock { $0 = nil } }

    private func login(_ role: String) async throws(PublishError) -> String {
        if let session = session.withLock({ $0 }), context.now() < session.end { return session.token }
        let proof = try await context.ownToken()
        let answer: VaultServer.Answer
        do {
            answer = try await server.send(
                "POST", "auth/\(plan.mount)/login", token: nil,
                body: ["role": .string(role), "jwt": .string(proof)])
        } catch {
            // 400: the signature does not verify, or the role does not exist.
            guard error.kind == .misconfigured || error.kind == .denied else { throw error }
            throw PublishError(
                .denied,
                "\(error.message); the mount does not accept the gateway's own token: hand over the keys and the role as "
                    + "an administrator with sts-gateway provision vault --endpoint \(plan.endpoint)",
                reference: error.reference)
        }
        guard let token = answer.body["auth"]?["client_token"]?.stringValue, !token.isEmpty else {
            throw PublishError(.malformed, "POST auth/\(plan.mount)/login: the response has no client_token")
        }
        let seconds = answer.body["auth"]?["lease_duration"]?.integerValue ?? 0
        // Renewed at half of its life; a token without an end is renewed after an hour.
        let life = seconds > 0 ? Double(min(seconds, 7_200)) / 2 : 3_600
        session.withLock { $0 = Session(token: token, end: context.now().addingTimeInterval(life)) }
        return token
    }
}
