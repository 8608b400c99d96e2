import CloudAPI
import GatewayPluginAPI
import JOSE
import JSON

/// Compares a federation issuer with the endpoint whose keys it holds.
struct FederationDiagnosis: Sendable {
    let plan: AnthropicPublishPlan
    let request: DiagnosisRequest
    let context: ProvisioningContext

    static let check = "federation issuer"

    private var name: String { plan.federationIssuer }
    private var handOver: String { "sts-gateway publish --endpoint \(request.endpoint.name)" }

    /// - Parameter token: an access token of scope `org:admin`.
    func findings(token: String) async -> [RelyingPartyFinding] {
        let service = JSONService(
            transport: context.transport, authorities: JSONService.authorities(file: plan.authorityFile, context.files),
            referenceField: "request-id")
        let answer: JSONService.Answer
        do throws(PublishError) {
            answer = try await service.send(
                AnthropicRecipient.call("GET", plan.location, token: token), expected: [404])
        } catch {
            return [
                .unread(
                    Self.check, "needs to read \(name): \(error.message)", ProvisioningError(error),
                    advice: "set ANTHROPIC_AUTH_TOKEN to an access token of scope org:admin")
            ]
        }
        guard answer.status != 404 else {
            return [
                RelyingPartyFinding(
                    Self.check, .failed(.issuer), "there is no federation issuer \(name) in this organization",
                    advice: "correct publish.federationIssuer, or create it as docs/plugins/anthropic.md shows")
            ]
        }
        let found = FederationIssuer(json: answer.json)
        return [issuer(found), keys(found)] + [lifetime(answer.json), tokenID(answer.json)].compactMap(\.self)
    }

    private func issuer(_ found: FederationIssuer) -> RelyingPartyFinding {
        guard !found.isArchived else {
            return RelyingPartyFinding(
                Self.check, .failed(.setting), "\(name) is archived, so that no token is accepted",
                advice: "create another, and correct publish.federationIssuer")
        }
        guard found.url == request.issuerURL else {
            return RelyingPartyFinding(
                Self.check, .failed(.issuer),
                "\(name) has the issuer_url \(Quotation.of(found.url)), and not \(request.issuerURL)",
                advice: "correct publish.federationIssuer, or issuer; a final slash counts")
        }
        return RelyingPartyFinding(Self.check, .ok, "\(name) trusts \(found.url)")
    }

    private func keys(_ found: FederationIssuer) -> RelyingPartyFinding {
        let check = "keys"
        guard found.type == "inline" else {
            return RelyingPartyFinding(
                check, .failed(.setting),
                "\(name) has jwks of the type \(Quotation.of(found.type)), and the gateway hands over inline keys",
                advice: "\(handOver) --take-over, or remove publish where Anthropic reads the issuer documents")
        }
        guard let stored = found.stored(issuer: found.url) else {
            return RelyingPartyFinding(
                check, .failed(.issuer), "\(name) has no keys", advice: "hand them over: \(handOver)")
        }
        guard stored.foreign.isEmpty else {
            return RelyingPartyFinding(
                check, .failed(.setting), "\(name) has \(stored.foreign.joined(separator: ", "))",
                advice: "hand the keys over again: \(handOver) --take-over")
        }
        let names = stored.keys.keys.map(\.keyID.rawValue)
        if let signing = request.workload?.token?.keyID, !names.contains(signing) {
            return RelyingPartyFinding(
                check, .failed(.issuer),
                "\(name) has \(names.joined(separator: ", ")), and lacks the key \(signing) that signs",
                advice: "hand the keys over: \(handOver)")
        }
        return RelyingPartyFinding(check, .ok, "\(name) has \(names.joined(separator: ", "))")
    }

    /// Whether the issuer's tokens may live as long as the workload's; nil where it is in order, or not known.
    private func lifetime(_ json: JSONValue) -> RelyingPartyFinding? {
        guard let maximum = json["max_jwt_lifetime_seconds"]?.integerValue,
            let claims = request.workload?.token?.claims,
            let end = claims["exp"]?.integerValue, let start = claims["iat"]?.integerValue,
            end.subtractingReportingOverflow(start).partialValue > maximum
        else { return nil }
        return RelyingPartyFinding(
            "token lifetime", .failed(.setting),
            "tokens live \(end.subtractingReportingOverflow(start).partialValue) s, and max_jwt_lifetime_seconds of "
                + "\(name) is \(maximum)",
            advice: "set token.ttl to \(maximum)s, or raise max_jwt_lifetime_seconds")
    }

    /// A token with `jti` is accepted once, and SDKs use it several times.
    private func tokenID(_ json: JSONValue) -> RelyingPartyFinding? {
        guard json["check_jti"] == .bool(true), request.workload?.token?.claims["jti"] != nil else { return nil }
        return RelyingPartyFinding(
            "jti", .warning(.setting), "\(name) accepts each jti once, and tokens of the endpoint have one",
            advice: "set token.jti: false")
    }
}
