import HTTPTypes

/// The header fields that HTTPTypes has no name for.
enum GatewayHeader: String, CaseIterable {
    /// Identifies the request in the access log and in the audit.
    case requestID = "X-Request-Id"
    /// Marks a document that a gateway served itself, so that a probe does not take it for a published one.
    case gateway = "Sts-Gateway"
    /// `no-cache` in an answer with a token (RFC 6749 §5.1), for HTTP/1.0 caches.
    case pragma = "Pragma"
    /// No address of a page is sent on (Referrer Policy).
    case referrerPolicy = "Referrer-Policy"
    /// Other sites cannot load the response (Fetch).
    case resourcePolicy = "Cross-Origin-Resource-Policy"

    private static let names = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, HTTPField.Name($0.rawValue)) })

    /// nil where the text is not a field name (RFC 9110 §5.1).
    var name: HTTPField.Name? { Self.names[self] ?? nil }
}

extension HTTPFields {
    subscript(_ header: GatewayHeader) -> String? {
        get { header.name.flatMap { self[$0] } }
        set { if let name = header.name { self[name] = newValue } }
    }
}
