import FoundationEssentials
public import GatewayPluginAPI
import JSON

extension OIDCProvider {
    /// The issuer's documents are checked for every endpoint: a relying party of this plugin is their reader. What it is
    /// configured for is only seen by an exchange.
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        let check = "token endpoint"
        guard let url = tokenEndpoint(request) else {
            return [
                RelyingPartyFinding(
                    check, .notChecked,
                    "needs settings.tokenEndpoint: the relying party must trust \(request.issuerURL) and accept "
                        + request.endpoint.audiences.joined(separator: ", "),
                    advice: "compare both there; it reads the issuer documents that are checked above")
            ]
        }
        let response: HTTPTransportResponse
        do throws(HTTPTransportError) {
            // A request without parameters: an error of the protocol says that this is a token endpoint (RFC 6749 §5.2).
            response = try await context.transport.send(call(url, []))
        } catch {
            return [
                RelyingPartyFinding(
                    check, .notChecked, "needs a connection to \(url) from here: \(error)",
                    advice: "check settings.tokenEndpoint and the network")
            ]
        }
        let error = (try? JSONValue(parsing: response.body))?["error"]?.stringValue
        guard [400, 401].contains(response.status), error != nil else {
            return [
                RelyingPartyFinding(
                    check, .failed(.setting),
                    "\(url) answers an empty request with the status \(response.status), and is no token endpoint",
                    advice: "correct settings.tokenEndpoint")
            ]
        }
        return [RelyingPartyFinding(check, .ok, "\(url) answers")]
    }

    /// Exchanges the token at `settings.tokenEndpoint` (RFC 8693); without one nothing is exchanged.
    public static func session(
        for token: String, as identity: String, request: DiagnosisRequest, context: ProvisioningContext
    ) async throws(ProvisioningError) -> RelyingPartySession? {
        guard let url = tokenEndpoint(request) else { return nil }
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"), ("subject_token", token),
        ]
        let body = fields.map { "\($0.0)=\($0.1.replacing(":", with: "%3A"))" }.joined(separator: "&")
        let response: HTTPTransportResponse
        do throws(HTTPTransportError) {
            response = try await context.transport.send(call(url, Array(body.utf8)))
        } catch {
            throw ProvisioningError(.transient, "POST \(url): \(error)", advice: "check the network")
        }
        let json = try? JSONValue(parsing: response.body)
        guard response.status == 200 else {
            // A relying party may quote the request.
            func quoted(_ text: String) -> String {
                Quotation.of(text.replacing(token, with: "[token removed]"), limit: 300)
            }
            let error = json?["error"]?.stringValue ?? "no error of the protocol"
            let text = json?["error_description"]?.stringValue.map { ": " + quoted($0) } ?? ""
            throw ProvisioningError(
                .permanent, "POST \(url): status \(response.status): \(quoted(error))\(text)",
                advice: "compare issuer and audience at the relying party; its log has the reason")
        }
        guard let access = json?["access_token"]?.stringValue, !access.isEmpty else {
            throw ProvisioningError(
                .permanent, "POST \(url): the response has no access_token", advice: "correct settings.tokenEndpoint")
        }
        let seconds = json?["expires_in"]?.integerValue.map { Double(max(0, min($0, 31_536_000))) }
        let credentials: JSONValue = ["access_token": .string(access), "token_type": "Bearer"]
        return RelyingPartySession(
            identity: "a token of \(url)", expiration: seconds.map { context.now().addingTimeInterval($0) },
            credentials: credentials.text)
    }

    private static func call(_ url: String, _ body: [UInt8]) -> HTTPTransportRequest {
        HTTPTransportRequest(
            method: "POST", url: url,
            headers: [
                HTTPHeaderField("Accept", "application/json"),
                HTTPHeaderField("Content-Type", "application/x-www-form-urlencoded"),
            ], body: body)
    }

    private static func tokenEndpoint(_ request: DiagnosisRequest) -> String? {
        request.endpoint.settings?["tokenEndpoint"]?.stringValue
    }
}
