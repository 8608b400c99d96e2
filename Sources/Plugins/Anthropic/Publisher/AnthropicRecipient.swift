import CloudAPI
import GatewayPluginAPI
import JOSE
import JSON

/// A federation issuer with inline keys (`jwks.type: inline`). An update replaces the whole `jwks`, and leaves everything
/// else as it is. The API has no conditional update: the issuer is read again right before it is written.
struct AnthropicRecipient: KeyRecipient {
    let plan: AnthropicPublishPlan
    let service: JSONService
    let tokens: AccessTokenCache

    init(_ plan: AnthropicPublishPlan, _ context: PublisherContext) {
        self.plan = plan
        service = JSONService(
            transport: context.transport, authorities: JSONService.authorities(file: plan.authorityFile, context.files),
            referenceField: "request-id")
        tokens = AccessTokenCache(
            sources: [AdministrationTokens(plan: plan, service: service, context: context)], now: context.now,
            logger: context.logger)
    }

    var location: String { plan.location }

    func stored() async throws(PublishError) -> StoredKeySet? {
        FederationIssuer(json: try await send("GET", nil)).stored(issuer: plan.issuer)
    }

    func replace(_ stored: StoredKeySet?, with keys: JSONWebKeySet) async throws(PublishError) {
        let current = FederationIssuer(json: try await send("GET", nil))
        guard current.stored(issuer: plan.issuer)?.version == stored?.version else {
            throw PublishError(.conflict, "the federation issuer was changed by another writer")
        }
        if current.isArchived {
            throw PublishError(
                .misconfigured,
                "the federation issuer is archived; create another, and correct publish.federationIssuer")
        }
        _ = try await send("POST", FederationIssuer.update(keys: keys, issuer: plan.issuer, over: current))
    }

    /// A call of the Admin API.
    static func call(_ method: String, _ url: String, token: String, _ body: JSONValue? = nil) -> JSONService.Call {
        JSONService.Call(
            method, url, token: token,
            headers: [
                HTTPHeaderField("anthropic-version", "2023-06-01"),
                HTTPHeaderField("anthropic-beta", "oauth-2025-04-20"),
            ], json: body)
    }

    /// Where the token is rejected, a new one is requested once.
    private func send(_ method: String, _ body: JSONValue?) async throws(PublishError) -> JSONValue {
        func attempt(_ expected: Set<Int>) async throws(PublishError) -> JSONService.Answer {
            let token = try await tokens.current()
            let answer = try await service.send(
                Self.call(method, plan.location, token: token, body), expected: expected)
            if answer.status == 401 { await tokens.discard(token) }
            return answer
        }
        do throws(PublishError) {
            let answer = try await attempt([401])
            return answer.status == 401 ? try await attempt([]).json : answer.json
        } catch {
            guard error.kind == .denied, error.message.contains("status 403") else { throw error }
            throw PublishError(
                .denied,
                "\(error.message); the rule needs the scope org:admin, and no rule of this federation issuer may have "
                    + "another scope than workspace:developer or workspace:inference", reference: error.reference)
        }
    }
}
