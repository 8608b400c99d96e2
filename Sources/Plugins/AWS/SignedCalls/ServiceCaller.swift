import FoundationEssentials
import GatewayPluginAPI

/// Sends signed calls with the credentials of the endpoint's list.
struct ServiceCaller: Sendable {
    let transport: any HTTPTransport
    let credentials: CredentialCache
    let now: @Sendable () -> Date
    /// PEM, in place of the system's authorities; nil for those.
    let authorities: @Sendable () throws(PublishError) -> String?

    /// Signs and sends one call. Credentials that turn out to be at an end are taken anew, once.
    ///
    /// - Parameters:
    ///   - scheme: `https`, or `http` for tests.
    ///   - call: for the operator, such as `s3:PutObject on "bucket/key"`.
    /// - Returns: whatever the service answers.
    func send(
        _ request: ServiceRequest, scheme: String, signer: RequestSigner, call: String
    ) async throws(PublishError) -> HTTPTransportResponse {
        let first = try await attempt(request, scheme: scheme, signer: signer, call: call)
        guard first.response.status >= 400, ServiceError(first.response).isAboutExpiredCredentials else {
            return first.response
        }
        await credentials.forget(first.key)
        return try await attempt(request, scheme: scheme, signer: signer, call: call).response
    }

    private func attempt(
        _ request: ServiceRequest, scheme: String, signer: RequestSigner, call: String
    ) async throws(PublishError) -> (response: HTTPTransportResponse, key: AccessKey) {
        let key = try await credentials.current()
        let headers = signer.signedHeaders(of: request, with: key, at: now())
        let query = request.encodedQuery
        let message = HTTPTransportRequest(
            method: request.method,
            url: "\(scheme)://\(request.host)\(request.encodedPath)\(query.isEmpty ? "" : "?\(query)")",
            headers: headers, body: request.body, certificateAuthorities: try authorities())
        do {
            return (try await transport.send(message), key)
        } catch {
            throw PublishError(error, calling: call)
        }
    }
}
