/// How a plugin talks HTTP: one exchange, as values. Certificates and names are verified; redirects are never followed.
public protocol HTTPTransport: Sendable {
    /// - Throws: ``HTTPTransportError`` where there is no whole answer; an answer of any status is returned.
    func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse
}

/// A header field of a request or answer; names compare without case (RFC 9110 §5.1).
public struct HTTPHeaderField: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

public struct HTTPTransportRequest: Sendable, Equatable {
    /// An RFC 9110 method, such as `PUT`.
    public var method: String
    /// An absolute `https` or `http` URL, percent-encoded; it is sent as it is.
    public var url: String
    public var headers: [HTTPHeaderField]
    public var body: [UInt8]
    /// The whole exchange's, in seconds.
    public var timeout: Int
    /// A longer body of the answer is an error.
    public var maximumResponseBytes: Int
    /// PEM certificates to trust in place of the system's.
    public var certificateAuthorities: String?
    /// Whether the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY`) holds.
    public var usesProxy: Bool

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

/// Headers and body hold credentials and tokens: neither prints.
extension HTTPTransportRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(method) \(url)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["method": method, "url": url], displayStyle: .struct) }
}

public struct HTTPTransportResponse: Sendable, Equatable {
    public let status: Int
    public let headers: [HTTPHeaderField]
    public let body: [UInt8]

    public init(status: Int, headers: [HTTPHeaderField] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first field of that name, in any case.
    public func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }
}

/// Why there is no answer; for the operator.
public enum HTTPTransportError: Error, Sendable, Equatable, CustomStringConvertible {
    case timedOut
    /// The body is longer than was allowed, in bytes.
    case tooLong(Int)
    /// The name, the connection, TLS, or an answer that is not HTTP.
    case failed(String)

    public var description: String {
        switch self {
        case .timedOut: "no answer in time"
        case .tooLong(let limit): "the answer is longer than \(limit) bytes"
        case .failed(let reason): reason
        }
    }
}
