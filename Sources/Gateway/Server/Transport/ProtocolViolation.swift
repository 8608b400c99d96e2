import GatewayCore
import HTTPTypes
import JSON
import NIOCore
import NIOHTTP1

/// Why a connection's bytes are not a request that can be answered. The response is sent, and the connection is closed:
/// where the next request begins is not known.
struct ProtocolViolation: Error, Equatable {
    let status: HTTPResponse.Status
    let description: String

    static func badRequest(_ description: String) -> ProtocolViolation {
        ProtocolViolation(status: .badRequest, description: description)
    }

    static let headersTooLarge = ProtocolViolation(
        status: .requestHeaderFieldsTooLarge, description: "the request's header fields are too large")
    static let unsupportedCoding = ProtocolViolation(
        status: .notImplemented, description: "the only transfer coding that is supported is chunked")
    static let unsupportedVersion = ProtocolViolation(
        status: .httpVersionNotSupported, description: "the HTTP version must be 1.0, 1.1 or 2")

    private init(status: HTTPResponse.Status, description: String) {
        self.status = status
        self.description = description
    }

    /// - Parameter error: of a HTTP/1.x connection. One of another kind ends the connection without a response.
    init?(_ error: any Error) {
        switch error {
        case let error as ProtocolViolation: self = error
        case HTTPParserError.headerOverflow: self = .headersTooLarge
        case is HTTPParserError: self = .badRequest("the request is not valid HTTP (RFC 9112)")
        default: return nil
        }
    }

    /// The form of every error here, which RFC 6749 §5.2 has for token calls.
    var body: ByteBuffer {
        let json: JSONValue = [
            "error": "invalid_request", "error_description": .string(description),
            "code": .string(ErrorCode.response(status: status.code, error: "invalid_request").rawValue),
        ]
        return ByteBuffer(bytes: json.utf8Text)
    }

    var head: HTTPResponse {
        HTTPResponse(
            status: status,
            headerFields: [
                .contentType: "application/json", .cacheControl: "no-store", .connection: "close",
                .contentLength: String(body.readableBytes),
            ])
    }
}
