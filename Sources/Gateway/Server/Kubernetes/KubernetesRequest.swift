import HTTPTypes
import JSON

/// One call of the API server.
struct KubernetesRequest: Sendable {
    let method: HTTPRequest.Method
    /// Begins with a slash; its segments are percent-encoded already, as the names of objects need no encoding.
    let path: String
    /// Encoded when sent.
    let query: [(name: String, value: String)]
    let body: JSONValue?
    /// Of the body.
    let contentType: String
    let accept: String
    /// Whether it does no harm to send it twice, where the connection ended before the answer.
    let isRepeatable: Bool

    init(
        _ method: HTTPRequest.Method, _ path: String, query: [(name: String, value: String)] = [],
        body: JSONValue? = nil, contentType: String = "application/json", accept: String = "application/json",
        isRepeatable: Bool? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType
        self.accept = accept
        self.isRepeatable = isRepeatable ?? (method == .get)
    }

    /// Path and query.
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

/// What the API server answered, whichever status it has.
struct KubernetesReply: Sendable {
    let status: Int
    let body: [UInt8]
    /// Seconds, from `Retry-After` or the Status object; nil where neither says.
    let retryAfter: Int?

    var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why there is no answer; for the log, and with nothing of the request in it.
enum KubernetesRequestError: Error, Sendable, Equatable, CustomStringConvertible {
    case timeout
    /// No connection, no TLS, or the connection ended before the answer.
    case unreachable(String)
    case replyTooLarge
    case cancelled

    var description: String {
        switch self {
        case .timeout: "the API server did not answer in time"
        case .unreachable(let why): "the API server cannot be reached: \(why)"
        case .replyTooLarge: "the API server's answer is too large"
        case .cancelled: "the call was cancelled"
        }
    }
}
