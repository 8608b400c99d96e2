import GatewayPluginAPI
import JSON

/// One server with the namespace of the mount, and what its responses mean.
struct VaultServer: Sendable {
    let address: String
    let namespace: String?
    /// The path of a PEM file with CA certificates; nil for the system's.
    let authorityFile: String?
    let transport: any HTTPTransport
    let files: any PublisherFiles

    /// A response without a failure.
    struct Answer: Sendable {
        let status: Int
        let body: JSONValue

        /// The member `data`.
        var data: JSONValue? { body["data"] }
    }

    /// Sends a request to `/v1/<path>`.
    ///
    /// - Parameters:
    ///   - absentIsFound: whether 404 without a reason is a response: nothing is stored there. With a reason, the mount
    ///     itself is missing.
    ///   - expected: further statuses that are responses.
    /// - Throws: an error that has the server's own text, limited in length.
    func send(
        _ method: String, _ path: String, token: String?, body: JSONValue? = nil, absentIsFound: Bool = false,
        expected: Set<Int> = []
    ) async throws(PublishError) -> Answer {
        var headers = [HTTPHeaderField("X-Vault-Request", "true"), HTTPHeaderField("Accept", "application/json")]
        if let token { headers.append(HTTPHeaderField("X-Vault-Token", token)) }
        if let namespace { headers.append(HTTPHeaderField("X-Vault-Namespace", namespace)) }
        if body != nil { headers.append(HTTPHeaderField("Content-Type", "application/json")) }
        var request = HTTPTransportRequest(
            method: method, url: "\(address)/v1/\(path)", headers: headers, body: body?.utf8Text ?? [])
        if let authorityFile {
            guard let pem = try files.read(authorityFile).flatMap({ String(validating: $0, as: UTF8.self) }) else {
                throw PublishError(.misconfigured, "publish.caFile: missing or unreadable file \"\(authorityFile)\"")
            }
            request.certificateAuthorities = pem
        }
        let response: HTTPTransportResponse
        do {
            response = try await transport.send(request)
        } catch {
            throw PublishError(.unavailable, "\(address): \(error)")
        }
        let json = response.body.isEmpty ? JSONValue.object([]) : try? JSONValue(parsing: response.body)
        if (200..<300).contains(response.status) {
            guard let json else { throw PublishError(.malformed, "\(method) \(path): the response is not JSON") }
            return Answer(status: response.status, body: json)
        }
        if expected.contains(response.status) { return Answer(status: response.status, body: json ?? .object([])) }
        if response.status == 404, absentIsFound, json?["errors"]?.elementList?.isEmpty ?? false {
            return Answer(status: 404, body: json ?? .object([]))
        }
        throw failure(response, json, "\(method) \(path)")
    }

    private func failure(_ response: HTTPTransportResponse, _ json: JSONValue?, _ call: String) -> PublishError {
        let reasons = (json?["errors"]?.elementList ?? []).compactMap(\.stringValue).map(Self.oneLine)
        let reason = reasons.filter { !$0.isEmpty }.joined(separator: "; ")
        let message = "\(call) at \(address): status \(response.status)" + (reason.isEmpty ? "" : ": \(reason)")
        let retryAfter = response.header("Retry-After").flatMap { Int($0) }.map { max(0, min($0, 3_600)) }
        let kind: PublishError.Kind =
            switch response.status {
            case 401, 403: .denied
            case 429: .throttled
            // 412: a replica has not yet replicated; 472 and 473: a standby of a replicated cluster.
            case 412, 472, 473, 500...: .unavailable
            case 300..<400: .misconfigured
            default: .misconfigured
            }
        return PublishError(kind, message, retryAfter: retryAfter, reference: json?["request_id"]?.stringValue)
    }

    /// The server's text on one line, without what could be mistaken for more.
    private static func oneLine(_ text: String) -> String {
        let quoted = Quotation.of(text.split(whereSeparator: \.isNewline).joined(separator: " "), limit: 300)
        return String(quoted.dropFirst().dropLast())
    }
}
