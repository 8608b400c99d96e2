import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// Access tokens of scope `org:admin`: an administrator's, that of a file, or one for a token of the second endpoint (RFC
/// 7523 §2.1).
struct AdministrationTokens: AccessTokenSource {
    let plan: AnthropicPublishPlan
    let service: JSONService
    let context: PublisherContext

    var name: String { "publish" }

    func token() async throws(PublishError) -> AccessToken? {
        if context.administration != nil {
            guard let token = context.environment("ANTHROPIC_AUTH_TOKEN"), !token.isEmpty else {
                throw PublishError(
                    .denied,
                    "ANTHROPIC_AUTH_TOKEN is not set; set it to an access token of scope org:admin (ant auth login --scope "
                        + "org:admin); an Admin API key is not accepted")
            }
            return AccessToken(token, expiration: nil)
        }
        switch plan.proof {
        case .file(let path):
            guard let bytes = try context.files.read(path), let text = String(validating: bytes, as: UTF8.self) else {
                throw PublishError(.denied, "publish.tokenFile: missing or unreadable file \(Quotation.of(path))")
            }
            return AccessToken(String(text.filter { !$0.isWhitespace }), expiration: nil)
        case .exchange(let endpoint, let rule, let organization, let account, let workspace):
            var members: [JSONValue.Member] = [
                .init("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                .init("assertion", .string(try await context.ownToken())),
                .init("federation_rule_id", .string(rule)), .init("organization_id", .string(organization)),
            ]
            if let account { members.append(.init("service_account_id", .string(account))) }
            if let workspace { members.append(.init("workspace_id", .string(workspace))) }
            return try await exchange(.object(members), of: endpoint)
        }
    }

    private func exchange(_ body: JSONValue, of endpoint: String) async throws(PublishError) -> AccessToken {
        let call = JSONService.Call(
            "POST", "\(plan.address)/v1/oauth/token",
            headers: [HTTPHeaderField("anthropic-beta", "oauth-2025-04-20,oidc-federation-2026-04-01")], json: body)
        let answer = try await service.send(call, expected: [400, 401, 403])
        guard answer.status == 200 else {
            let failure = ServiceFailure(answer.response, answer.json)
            throw PublishError(
                .denied,
                failure.error(
                    call: call.call,
                    advice: "the token of the endpoint \(endpoint) is not accepted: its issuer must be registered in "
                        + "discovery mode, and publish.federationRule must match its sub; the authentication history of "
                        + "the Claude Console has the reason"
                ).message, reference: answer.response.header("request-id"))
        }
        guard let token = answer.json["access_token"]?.stringValue, !token.isEmpty else {
            throw PublishError(.malformed, "\(call.call): the response has no access_token")
        }
        let seconds = answer.json["expires_in"]?.integerValue.flatMap { (1...86_400).contains($0) ? Double($0) : nil }
        return AccessToken(token, expiration: seconds.map { context.now().addingTimeInterval($0) })
    }
}
