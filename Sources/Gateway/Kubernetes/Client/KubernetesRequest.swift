public import HTTPTypes
public import JSON

/// A call of the API server.
public struct KubernetesRequest: Sendable {
    /// The HTTP method.
    public let method: HTTPRequest.Method
    /// Begins with a slash. Its segments are percent-encoded; the names of objects need no encoding.
    public let path: String
    /// The parameters of the query, not encoded.
    public let query: [(name: String, value: String)]
    /// The body; nil for none.
    public let body: JSONValue?
    /// A body that is not JSON, in place of ``body``.
    public let content: [UInt8]?
    /// The `Content-Type` of the body.
    public let contentType: String
    /// The `Accept` field.
    public let accept: String
    /// Whether the call may be sent twice, if the connection ends before the response.
    public let isRepeatable: Bool

    /// Creates a call.
    ///
    /// - Parameter isRepeatable: nil for GET only.
    public init(
        _ method: HTTPRequest.Method, _ path: String, query: [(name: String, value: String)] = [],
        body: JSONValue? = nil, content: [UInt8]? = nil, contentType: String = "application/json",
        accept: String = "application/json", isRepeatable: Bool? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.content = content
        self.contentType = contentType
        self.accept = accept
        self.isRepeatable = isRepeatable ?? (method == .get)
    }

    /// Path and encoded query.
    var target: String {
        guard !query.isEmpty else { return path }
        let pairs = query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }
        return "\(path)?\(pairs.joined(separator: "&"))"
    }

    /// Everything but the unreserved characters of RFC 3986 §2.3 is percent-encoded.
    private static func encoded(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                output += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return output
    }
}

/// The response to a call, of any status.
public struct KubernetesReply: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The whole body.
    public let body: [UInt8]
    /// Seconds, of the `Retry-After` field or the Status object; nil if both are missing.
    public let retryAfter: Int?

    /// Creates a response of its members.
    public init(status: Int, body: [UInt8], retryAfter: Int?) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
    }

    /// Whether the status is 2xx.
    public var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why a call has no response. It contains nothing of the request.
public enum KubernetesRequestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No complete response in time.
    case timeout
    /// Connecting or the TLS handshake failed, or the connection ended before the response; with the reason.
    case unreachable(String)
    /// The response is larger than the limit.
    case replyTooLarge
    /// The task was cancelled.
    case cancelled

    /// The reason, for logs.
    public var description: String {
        switch self {
        case .timeout: "the API server did not answer in time"
        case .unreachable(let why): "the API server cannot be reached: \(why)"
        case .replyTooLarge: "the API server's answer is too large"
        case .cancelled: "the call was cancelled"
        }
    }
}
