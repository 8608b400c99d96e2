import GatewayPluginAPI
import JSON

/// The API server of the other cluster, as a Pod reaches it.
struct OtherAPIServer: Sendable {
    let url: String
    /// PEM; nil for the system's CA certificates.
    let certificateAuthority: String?
    let transport: any HTTPTransport

    private var base: String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    /// Whether it answers. Without credentials any status is an answer.
    func reachability() async -> RelyingPartyFinding {
        let check = "API server"
        let response: HTTPTransportResponse
        do throws(HTTPTransportError) {
            response = try await send("GET", "/version")
        } catch {
            return RelyingPartyFinding(
                check, .notChecked, "needs a connection to \(url) from here: \(error)",
                advice: "Pods may reach it; check settings.server and settings.certificateAuthority")
        }
        let version = (try? JSONValue(parsing: response.body))?["gitVersion"]?.stringValue
        guard version != nil || [401, 403].contains(response.status) else {
            return RelyingPartyFinding(
                check, .failed(.setting), "\(url) answers with the status \(response.status), and is no API server",
                advice: "correct settings.server")
        }
        return RelyingPartyFinding(check, .ok, "\(url) answers" + (version.map { ", \($0)" } ?? ""))
    }

    /// The name of the token's user (authentication.k8s.io/v1, SelfSubjectReview; Kubernetes 1.28).
    func user(of token: String) async throws(ProvisioningError) -> String {
        let call = "POST \(url) selfsubjectreviews"
        let body: JSONValue = ["apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"]
        let response: HTTPTransportResponse
        do throws(HTTPTransportError) {
            response = try await send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", token, body)
        } catch {
            throw ProvisioningError(.transient, "\(call): \(error)", advice: "check settings.server and the network")
        }
        let json = try? JSONValue(parsing: response.body)
        switch response.status {
        case 200..<300:
            guard let name = json?["status"]?["userInfo"]?["username"]?.stringValue, !name.isEmpty else {
                throw ProvisioningError(
                    .permanent, "\(call): the answer has no user", advice: "correct settings.server")
            }
            return name
        case 401:
            throw ProvisioningError(
                .permanent, "\(call): the API server does not accept the token (401)",
                advice:
                    "compare its AuthenticationConfiguration with sts-gateway provision kubernetes; its log has the reason"
            )
        case 403:
            // The message names the user; no server may quote the token into a report.
            let message = (json?["message"]?.stringValue ?? "").replacing(token, with: "[token removed]")
            throw ProvisioningError(
                .permanent,
                "\(call): the token is accepted, and its user may not create a SelfSubjectReview (403): "
                    + Quotation.of(message, limit: 300),
                advice: "bind the ClusterRole system:basic-user to system:authenticated there")
        case 404:
            throw ProvisioningError(
                .permanent, "\(call): status 404: the API server is older than Kubernetes 1.28",
                advice: "use kubectl auth whoami of an alpha API, or any request with the token")
        default:
            throw ProvisioningError(.permanent, "\(call): status \(response.status)", advice: "correct settings.server")
        }
    }

    private func send(
        _ method: String, _ path: String, _ token: String? = nil, _ body: JSONValue? = nil
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
        var headers = [HTTPHeaderField("Accept", "application/json")]
        if let token { headers.append(HTTPHeaderField("Authorization", "Bearer \(token)")) }
        if body != nil { headers.append(HTTPHeaderField("Content-Type", "application/json")) }
        return try await transport.send(
            HTTPTransportRequest(
                method: method, url: base + path, headers: headers, body: body?.utf8Text ?? [],
                certificateAuthorities: certificateAuthority))
    }
}
