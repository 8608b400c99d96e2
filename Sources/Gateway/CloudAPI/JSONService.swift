package import GatewayPluginAPI
package import JSON

/// A client of services that answer with JSON, such as the REST APIs of a cloud. Each call is one request.
package struct JSONService: Sendable {
    private let transport: any HTTPTransport
    private let authorities: @Sendable () throws(PublishError) -> String?
    /// The response's header field with the id by which the service's support finds the call.
    private let referenceField: String?

    /// - Parameters:
    ///   - authorities: CA certificates in PEM to trust in place of the system's; nil for the system's. See
    ///     ``authorities(file:_:)``.
    ///   - referenceField: the response's header field with the id of the call; nil for none.
    package init(
        transport: any HTTPTransport, authorities: @escaping @Sendable () throws(PublishError) -> String? = { nil },
        referenceField: String? = nil
    ) {
        self.transport = transport
        self.authorities = authorities
        self.referenceField = referenceField
    }

    /// Reads the PEM file that the key `publish.caFile` names, for each call.
    package static func authorities(
        file: String?, _ files: any PublisherFiles
    ) -> @Sendable () throws(PublishError) -> String? {
        { () throws(PublishError) in
            guard let file else { return nil }
            guard let text = try files.read(file).flatMap({ String(validating: $0, as: UTF8.self) }) else {
                throw PublishError(.misconfigured, "publish.caFile: missing or unreadable file \(Quotation.of(file))")
            }
            return text
        }
    }

    /// A request. `call` names it in errors: method and resource, without a query.
    package struct Call: Sendable {
        package var method: String
        package var url: String
        package var token: String?
        package var headers: [HTTPHeaderField]
        package var body: [UInt8]
        package var call: String
        /// Parts of the body that no error may have, beside the token.
        package var secrets: [String] = []
        package var usesProxy = true
        /// Seconds.
        package var timeout = 10

        /// - Parameters:
        ///   - token: sent as a bearer token (RFC 6750 §2.1); nil for none.
        ///   - call: of errors; nil for method and URL without its query.
        package init(
            _ method: String, _ url: String, token: String? = nil, headers: [HTTPHeaderField] = [],
            json: JSONValue? = nil, call: String? = nil
        ) {
            self.method = method
            self.url = url
            self.token = token
            self.headers = headers
            body = json?.utf8Text ?? []
            self.call = call ?? "\(method) \(url.prefix { $0 != "?" })"
            if json != nil { self.headers.append(HTTPHeaderField("Content-Type", "application/json")) }
        }
    }

    /// A response whose status is 2xx, or one that the caller expects.
    package struct Answer: Sendable {
        package let response: HTTPTransportResponse
        package let json: JSONValue

        package var status: Int { response.status }
    }

    /// Sends a request.
    ///
    /// - Parameter expected: further statuses that are answers; their bodies need not be JSON.
    /// - Throws: ``ServiceFailure/error(_:call:reference:)`` for any other status.
    package func send(_ call: Call, expected: Set<Int> = []) async throws(PublishError) -> Answer {
        var headers = [HTTPHeaderField("Accept", "application/json")]
        if let token = call.token { headers.append(HTTPHeaderField("Authorization", "Bearer \(token)")) }
        var request = HTTPTransportRequest(
            method: call.method, url: call.url, headers: headers + call.headers, body: call.body, timeout: call.timeout,
            usesProxy: call.usesProxy)
        request.certificateAuthorities = try authorities()
        var response: HTTPTransportResponse
        do {
            response = try await transport.send(request)
        } catch {
            throw PublishError(.unavailable, "\(call.call): \(error); check network, proxy and publish.caFile")
        }
        response = Self.withoutSecrets(call.secrets + [call.token].compactMap(\.self), response)
        let json = response.body.isEmpty ? .object([]) : try? JSONValue(parsing: response.body)
        if (200..<300).contains(response.status), !expected.contains(response.status) {
            guard let json else {
                throw PublishError(
                    .malformed, "\(call.call): the response is not JSON; check for a proxy in between")
            }
            return Answer(response: response, json: json)
        }
        if expected.contains(response.status) { return Answer(response: response, json: json ?? .object([])) }
        throw ServiceFailure(response, json).error(
            call: call.call, reference: referenceField.flatMap { response.header($0) })
    }

    /// Bytes; a shorter text is removed from nothing, since it is a part of words.
    private static let minimumSecretLength = 8

    /// A failure may quote the request: its text becomes that of an error.
    private static func withoutSecrets(
        _ secrets: [String], _ response: HTTPTransportResponse
    ) -> HTTPTransportResponse {
        guard !(200..<300).contains(response.status) else { return response }
        var text = String(decoding: response.body, as: UTF8.self)
        for secret in secrets where secret.utf8.count >= minimumSecretLength {
            text = text.replacing(secret, with: "[removed]")
        }
        return HTTPTransportResponse(status: response.status, headers: response.headers, body: Array(text.utf8))
    }
}

/// What a service says about a failure: `{"error": {"code": …, "message": …}}`, as most REST APIs of clouds do, or
/// `{"error": …, "error_description": …}` (RFC 6749 §5.2).
package struct ServiceFailure: Sendable {
    package let status: Int
    /// Such as `PERMISSION_DENIED`, `AuthorizationFailed` or `invalid_grant`; empty for none.
    package let code: String
    /// For a person; empty for none. Not limited in length: quote it.
    package let message: String
    package let retryAfter: Int?

    package init(_ response: HTTPTransportResponse, _ json: JSONValue?) {
        status = response.status
        let error = json?["error"]
        code = error?["status"]?.stringValue ?? error?["code"]?.stringValue ?? error?.stringValue ?? ""
        message = error?["message"]?.stringValue ?? json?["error_description"]?.stringValue ?? ""
        retryAfter = response.header("Retry-After").flatMap { Int($0) }.map { max(0, min($0, 3_600)) }
    }

    /// Code and message on one line.
    package var summary: String {
        let parts = [code.isEmpty ? "" : String(Quotation.of(code).dropFirst().dropLast()), Self.oneLine(message)]
        return parts.filter { !$0.isEmpty }.joined(separator: ": ")
    }

    package var kind: PublishError.Kind {
        switch status {
        case 401, 403: .denied
        case 409, 412: .conflict
        case 429: .throttled
        case 408, 500...: .unavailable
        default: .misconfigured
        }
    }

    /// The error for the operator.
    ///
    /// - Parameter advice: what to do; nil for nothing beyond the service's own text.
    package func error(call: String, advice: String? = nil, reference: String? = nil) -> PublishError {
        let text = summary.isEmpty ? "" : ": \(summary)"
        return PublishError(
            kind, "\(call): status \(status)\(text)" + (advice.map { "; \($0)" } ?? ""), retryAfter: retryAfter,
            reference: reference)
    }

    /// Foreign text on one line, limited, without what could be mistaken for more.
    package static func oneLine(_ text: String) -> String {
        let quoted = Quotation.of(text.split(whereSeparator: \.isNewline).joined(separator: " "), limit: 300)
        return String(quoted.dropFirst().dropLast())
    }
}

extension ProvisioningError {
    /// The error of a call that a step of provisioning has made.
    package init(_ error: PublishError) {
        let isTransient = [.unavailable, .throttled, .conflict].contains(error.kind)
        self.init(isTransient ? .transient : .permanent, error.message, retryAfter: error.retryAfter)
    }
}
