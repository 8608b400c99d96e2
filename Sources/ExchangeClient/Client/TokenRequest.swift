/// The token request of one endpoint and its response, in either wire format.
package enum TokenRequest {
    /// The wire format. The raw values are those of the option `--wire`.
    package enum Wire: String, CaseIterable, Sendable {
        /// Token exchange (RFC 8693) at `<server><path>/token`.
        case rfc8693
        /// The OpenUnison-compatible format: the configured URL ends in `/token/user`.
        case openUnison = "stock"
    }

    package static let maximumResponseBytes = 65_536 + 4096

    /// The bytes of the HTTP request.
    ///
    /// - Parameter requestedLifetime: in seconds (`expires_in`); nil for the endpoint's.
    package static func encode(
        _ wire: Wire, _ server: ServerAddress, path: String, _ token: SubjectToken, requestedLifetime: Int? = nil,
        userAgent: String
    ) -> [UInt8] {
        switch wire {
        case .rfc8693:
            var body = Array(
                ("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
                    + "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=").utf8)
            appendEncoded(token.bytes, to: &body)
            if let requestedLifetime { body += Array("&expires_in=\(requestedLifetime)".utf8) }
            let head = """
                POST \(server.path)\(path)/token HTTP/1.1\r
                Host: \(server.authority)\r
                User-Agent: \(userAgent)\r
                Accept: application/json\r
                Content-Type: application/x-www-form-urlencoded\r
                Content-Length: \(body.count)\r
                \r

                """
            return Array(head.utf8) + body
        case .openUnison:
            let head = """
                GET \(server.path) HTTP/1.1\r
                Host: \(server.authority)\r
                User-Agent: \(userAgent)\r
                Accept: application/json\r
                Authorization: Bearer\u{20}
                """
            return Array(head.utf8) + token.bytes + Array("\r\n\r\n".utf8)
        }
    }

    /// Appends the bytes as `application/x-www-form-urlencoded`.
    private static func appendEncoded(_ bytes: [UInt8], to body: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in bytes {
            let character = Character(Unicode.Scalar(byte))
            if character.isLetter || character.isNumber || "-._".contains(character) {
                body.append(byte)
            } else {
                body += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    /// The token of a response, and its remaining lifetime in seconds.
    ///
    /// - Parameter wall: now, in seconds since 1970.
    package static func decode(
        _ response: HTTPResponse, _ wire: Wire, at wall: Double
    ) throws(SidecarError) -> (token: IssuedToken, lifetime: Double) {
        guard response.status == 200 else { throw error(of: response, at: wall) }
        guard let json = JSONReader.read(response.body), case .object = json else {
            throw SidecarError(
                .malformedResponse, "the response is not a JSON object; check that --server is the gateway")
        }
        let member = wire == .rfc8693 ? json["access_token"] : json["token"]?["jwt"]
        guard let text = member?.text else {
            throw SidecarError(
                .malformedResponse, "the response has no string \(wire == .rfc8693 ? "access_token" : "token.jwt")")
        }
        guard let token = IssuedToken(Array(text.utf8)) else {
            throw SidecarError(.malformedResponse, "the token in the response is not a JWT with the claim exp")
        }
        // The difference of two times of the gateway's clock: the clock of this machine may be wrong.
        var lifetime = token.lifetime ?? token.expires - wall
        if let seconds = json["expires_in"]?.number { lifetime = min(lifetime, seconds) }
        guard lifetime > 0 else { throw SidecarError(.malformedResponse, "the token in the response is expired") }
        guard lifetime < 1e8 else {
            throw SidecarError(.malformedResponse, "the token in the response expires after more than three years")
        }
        return (token, lifetime)
    }

    private static func error(of response: HTTPResponse, at wall: Double) -> SidecarError {
        var reason = "the gateway responded with \(response.status)"
        if let json = JSONReader.read(response.body) {
            let words = [json["error"]?.text, json["error_description"]?.text].compactMap(\.self).map(visible)
            let code = json["code"]?.text.map(visible)
            if !words.isEmpty { reason += ": " + words.joined(separator: ": ") }
            if let code { reason += " (\(code.prefix(16)))" }
        }
        if (300..<400).contains(response.status) { reason += "; redirects are not followed, correct --server" }
        if response.status == 404 { reason += "; set the path of the endpoint: --endpoint NAME=/PATH" }
        var error = SidecarError(.response, reason, retryAfter: response.retryAfter(at: wall))
        error.auditID = response["x-request-id"].flatMap { isRequestID($0) ? $0 : nil }
        return error
    }

    /// Letters, digits and hyphens only, since the text is shown to users.
    private static func isRequestID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: "-")
            }
    }

    /// The first 200 characters, with "?" for each that is not printable ASCII.
    private static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(200).map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
    }
}
