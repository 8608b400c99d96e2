import FoundationEssentials
public import GatewayPluginAPI
import JSON

extension GranaryProvider {
    /// Compares the tenant's issuers with the endpoint. Granary shows them to the token of `GRANARY_TOKEN`.
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        guard let settings = try? (request.endpoint.settings ?? .object([])).decode(Settings.self),
            let token = context.environment("GRANARY_TOKEN"), !token.isEmpty
        else {
            return [
                RelyingPartyFinding(
                    "tenant", .notChecked, "needs settings.tenant, and a token of Granary",
                    advice: "set GRANARY_TOKEN")
            ]
        }
        let url = "\(settings.url ?? GranaryAPI.publicURL)/v1/tenants/\(settings.tenant)/issuers"
        let headers = [HTTPHeaderField("Authorization", "Bearer \(token)")]
        let response: HTTPTransportResponse
        do throws(HTTPTransportError) {
            response = try await context.transport.send(
                HTTPTransportRequest(method: "GET", url: url, headers: headers))
        } catch {
            return [RelyingPartyFinding("tenant", .notChecked, "needs \(url): \(error)", advice: "check the network")]
        }
        switch response.status {
        case 200: break
        case 404:
            return [
                RelyingPartyFinding(
                    "tenant", .failed(.identity), "there is no tenant \(Quotation.of(settings.tenant))",
                    advice: "correct settings.tenant")
            ]
        default:
            return [
                RelyingPartyFinding(
                    "tenant", .notChecked, "needs \(url): status \(response.status)",
                    advice: "use a token that may read the tenant")
            ]
        }
        let issuers = (try? JSONValue(parsing: response.body))?["issuers"]?.elementList ?? []
        guard let found = issuers.first(where: { $0["url"]?.stringValue == request.issuerURL }) else {
            return [
                RelyingPartyFinding(
                    "issuer", .failed(.issuer), "the tenant does not trust \(request.issuerURL)",
                    advice: "register the issuer in Granary's console")
            ]
        }
        let audience = found["audience"]?.stringValue ?? ""
        guard request.endpoint.audiences.contains(audience) else {
            return [
                RelyingPartyFinding(
                    "issuer", .failed(.audience), "the tenant accepts the audience \(Quotation.of(audience))",
                    advice: "correct the audience in Granary's console")
            ]
        }
        return [RelyingPartyFinding("issuer", .ok, "the tenant trusts \(request.issuerURL)")]
    }

    /// Exchanges a token for a session of the role.
    public static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession? {
        let url = "\(request.endpoint.settings?["url"]?.stringValue ?? GranaryAPI.publicURL)/v1/sessions"
        let body: JSONValue = ["role": .string(identity), "token": .string(token)]
        let response: HTTPTransportResponse
        do throws(HTTPTransportError) {
            response = try await context.transport.send(
                HTTPTransportRequest(method: "POST", url: url, body: body.utf8Text))
        } catch {
            throw ProvisioningError(.transient, "POST \(url): \(error)", advice: "check the network")
        }
        guard response.status == 200, let key = (try? JSONValue(parsing: response.body))?["key"]?.stringValue else {
            throw ProvisioningError(
                .permanent, "POST \(url): status \(response.status)",
                advice: "compare the rules of the role \(Quotation.of(identity)) with the claims of the token")
        }
        let end = context.now().addingTimeInterval(900)
        return RelyingPartySession(identity: identity, expiration: end, credentials: key)
    }
}
