import FoundationEssentials
import GatewayPluginAPI

/// An AWS client: signs and sends requests with the first credentials that the configured sources have.
struct AWSClient: Sendable {
    let transport: any HTTPTransport
    let credentials: CredentialCache
    let now: @Sendable () -> Date
    /// CA certificates to trust in place of the system's, in PEM; nil for the system's.
    let authorities: @Sendable () throws(PublishError) -> String?

    /// Signs and sends one request. Where the service rejects the credentials as expired, or denies a self-issued session
    /// that may have been revoked, it renews them and tries once more.
    ///
    /// - Parameters:
    ///   - scheme: `https`, or `http` for tests.
    ///   - call: its name in error texts, such as `s3:PutObject on "bucket/key"`.
    ///   - maximumResponseBytes: the limit of the response's body, which is 1 MiB for an object that is read.
    /// - Returns: the response, whatever its status is.
    func send(
        _ request: ServiceRequest, scheme: String, signer: SigV4Signer, call: String,
        maximumResponseBytes: Int = 1 << 20
    ) async throws(PublishError) -> HTTPTransportResponse {
        let first = try await attempt(request, scheme, signer, call, maximumResponseBytes)
        guard first.response.status >= 400 else { return first.response }
        let error = ServiceError(first.response)
        if error.isAboutExpiredCredentials {
            await credentials.discard(first.key)
        } else if error.isDenial {
            guard await credentials.discardDenied(first.key) else { return first.response }
        } else {
            return first.response
        }
        return try await attempt(request, scheme, signer, call, maximumResponseBytes).response
    }

    private func attempt(
        _ request: ServiceRequest, _ scheme: String, _ signer: SigV4Signer, _ call: String, _ maximumBytes: Int
    ) async throws(PublishError) -> (response: HTTPTransportResponse, key: AccessKey) {
        let key = try await credentials.current()
        let headers = signer.signedHeaders(of: request, with: key, at: now())
        let query = request.encodedQuery
        let message = HTTPTransportRequest(
            method: request.method,
            url: "\(scheme)://\(request.host)\(request.encodedPath)\(query.isEmpty ? "" : "?\(query)")",
            headers: headers, body: request.body, maximumResponseBytes: maximumBytes,
            certificateAuthorities: try authorities())
        do {
            return (try await transport.send(message), key)
        } catch {
            throw PublishError(error, calling: call)
        }
    }
}
