/// One request for one endpoint's token, and the reading of its answer, on either wire.
enum TokenCall {
    enum Wire: String, CaseIterable {
        /// Token exchange (RFC 8693) at `<server><path>/token`.
        case rfc8693
        /// The OpenUnison STS's: the whole URL ends in `/token/user`.
        case stock
    }

    static let maximumAnswerBytes = 65_536 + 4096

    static func request(_ wire: Wire, _ server: ServerAddress, path: String, _ token: SubjectToken) -> [UInt8] {
        switch wire {
        case .rfc8693:
            var body = Array(
                ("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
                    + "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=").utf8)
            appendEncoded(token.bytes, to: &body)
            let head = """
                POST \(server.path)\(path)/token HTTP/1.1\r
                Host: \(server.authority)\r
                User-Agent: sts-sidecar\r
                Accept: application/json\r
                Content-Type: application/x-www-form-urlencoded\r
                Content-Length: \(body.count)\r
                \r

                """
            return Array(head.utf8) + body
        case .stock:
            let head = """
                GET \(server.path) HTTP/1.1\r
                Host: \(server.authority)\r
                User-Agent: sts-sidecar\r
                Accept: application/json\r
                Authorization: Bearer\u{20}
                """
            return Array(head.utf8) + token.bytes + Array("\r\n\r\n".utf8)
        }
    }

    /// application/x-www-form-urlencoded.
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

    /// The token of an answer, and the seconds that it lives from now.
    ///
    /// - Parameter wall: now, in seconds since 1970.
    static func read(
        _ answer: HTTPAnswer, _ wire: Wire, at wall: Double
    ) throws(SidecarError) -> (token: IssuedToken, life: Double) {
        guard answer.status == 200 else { throw refusal(answer, at: wall) }
        guard let json = JSONReader.read(answer.body), case .object = json else {
            throw SidecarError("the answer is not a JSON object; is this a gateway?")
        }
        let member = wire == .rfc8693 ? json["access_token"] : json["token"]?["jwt"]
        guard let text = member?.text else {
            throw SidecarError("the answer has no text \(wire == .rfc8693 ? "access_token" : "token.jwt")")
        }
        guard let token = IssuedToken(Array(text.utf8)) else {
            throw SidecarError("the answer's token is not a JWT with the claim exp")
        }
        // Differences of one clock, the gateway's: this machine's may be wrong.
        var life = token.life ?? token.expires - wall
        if let said = json["expires_in"]?.number { life = min(life, said) }
        guard life > 0, life < 1e8 else { throw SidecarError("the answer's token has ended already, or never ends") }
        return (token, life)
    }

    private static func refusal(_ answer: HTTPAnswer, at wall: Double) -> SidecarError {
        var reason = "the gateway answered \(answer.status)"
        if let json = JSONReader.read(answer.body) {
            let words = [json["error"]?.text, json["error_description"]?.text].compactMap(\.self).map(visible)
            if !words.isEmpty { reason += ": " + words.joined(separator: ": ") }
        }
        if (300..<400).contains(answer.status) { reason += "; it redirects, give the right --server" }
        if answer.status == 404 { reason += "; give the path of the endpoint: --endpoint NAME=/PATH" }
        return SidecarError(reason, retryAfter: answer.retryAfter(at: wall))
    }

    /// Two hundred characters at most, nothing that is not visible ASCII.
    private static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(200).map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
    }
}
