/// An HTTP client: one request, one response. Server certificates and host names are verified; redirects are not
/// followed.
public protocol HTTPTransport: Sendable {
    /// Sends a request and returns the response, whatever its status is.
    ///
    /// - Throws: ``HTTPTransportError`` where no complete response arrived in time.
    func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse
}

/// A header field of a request or response.
public struct HTTPHeaderField: Sendable, Equatable {
    /// The field's name; names are compared without case (RFC 9110 §5.1).
    public let name: String
    /// The field's value, without line breaks.
    public let value: String

    /// Creates a field from its name and value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request to send. `description` and `dump` are redacted: headers and body may hold credentials.
public struct HTTPTransportRequest: Sendable, Equatable {
    /// An RFC 9110 method, such as `PUT`.
    public var method: String
    /// An absolute `https` or `http` URL, percent-encoded; it is sent unchanged.
    public var url: String
    /// The header fields, in the order in which they are sent.
    public var headers: [HTTPHeaderField]
    /// The body; empty for none.
    public var body: [UInt8]
    /// The time limit of the whole exchange, in seconds.
    public var timeout: Int
    /// Maximum length of the response's body, in bytes; a longer one is an error.
    public var maximumResponseBytes: Int
    /// CA certificates to trust in place of the system's, in PEM; nil for the system's.
    public var certificateAuthorities: String?
    /// Whether the proxy that the environment configures (`HTTPS_PROXY`, `NO_PROXY`) is used.
    public var usesProxy: Bool

    /// Creates a request with the default limits: 10 seconds, 1 MiB.
    public init(
        method: String, url: String, headers: [HTTPHeaderField] = [], body: [UInt8] = [], timeout: Int = 10,
        maximumResponseBytes: Int = 1 << 20, certificateAuthorities: String? = nil, usesProxy: Bool = true
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maximumResponseBytes = maximumResponseBytes
        self.certificateAuthorities = certificateAuthorities
        self.usesProxy = usesProxy
    }
}

extension HTTPTransportRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Method and URL only.
    public var description: String { "\(method) \(url)" }
    /// Method and URL only.
    public var debugDescription: String { description }
    /// Method and URL only.
    public var customMirror: Mirror { Mirror(self, children: ["method": method, "url": url], displayStyle: .struct) }
}

/// A complete response.
public struct HTTPTransportResponse: Sendable, Equatable {
    /// The status code (RFC 9110 §15).
    public let status: Int
    /// The header fields, in the order in which they arrived.
    public let headers: [HTTPHeaderField]
    /// The body; empty for none.
    public let body: [UInt8]

    /// Creates a response from its parts.
    public init(status: Int, headers: [HTTPHeaderField] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Returns the value of the first field of that name (compared without case); nil where there is none.
    public func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }
}

/// Why no complete response arrived; for the operator.
public enum HTTPTransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The request's time limit passed.
    case timedOut
    /// The body is longer than the request's limit, which is given in bytes.
    case tooLong(Int)
    /// Name resolution, connection or TLS failed, or the response is not HTTP; the reason is human-readable.
    case failed(String)

    /// One line in lower case, without a final period.
    public var description: String {
        switch self {
        case .timedOut: "no answer in time"
        case .tooLong(let limit): "the answer is longer than \(limit) bytes"
        case .failed(let reason): reason
        }
    }
}
