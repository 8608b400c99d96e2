import GatewayPluginAPI

/// Granary's API.
enum GranaryAPI {
    static let publicURL = "https://api.granary.example"

    /// Whether the text is an https URL without query, fragment and final slash.
    static func isURL(_ text: String) -> Bool {
        text.hasPrefix("https://") && text.utf8.count > 8 && text.utf8.last != UInt8(ascii: "/")
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !#"?#"\<>"#.utf8.contains($0) }
    }

    static func error(_ key: String, _ text: String) -> SettingsError {
        SettingsError(key, "invalid URL \(Quotation.of(text)); expected one such as \(publicURL)")
    }

    /// Maps a response whose status is not 2xx to an error for the operator.
    static func error(_ response: HTTPTransportResponse, _ call: String) -> PublishError {
        let body = String(decoding: response.body, as: UTF8.self)
        let summary = "\(call): \(response.status)" + (body.isEmpty ? "" : " \(Quotation.of(body, limit: 200))")
        let retryAfter = response.header("retry-after").flatMap(Int.init).map { min(max($0, 0), 3_600) }
        func error(_ kind: PublishError.Kind, _ fix: String) -> PublishError {
            PublishError(
                kind, "\(summary); \(fix)", retryAfter: retryAfter, reference: response.header("granary-request-id"))
        }
        switch response.status {
        case 401, 403: return error(.denied, "allow the token's subject to publish, or correct publish.tokenFile")
        case 404: return error(.misconfigured, "create the tenant, or correct publish.tenant")
        case 409, 412: return error(.conflict, "another writer changed it")
        case 429: return error(.throttled, "the gateway tries again later")
        case 500...599: return error(.unavailable, "the gateway tries again")
        default: return error(.malformed, "check publish.url")
        }
    }
}
