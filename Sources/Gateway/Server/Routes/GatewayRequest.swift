import HTTPTypes
import Hummingbird
import NIOCore

/// A request with its raw path, and a body that is read once and up to a limit.
struct GatewayRequest {
    let head: HTTPRequest
    /// The path as sent: not decoded, without the query.
    let path: String
    /// The raw query without its question mark.
    let query: String?
    let body: RequestBody
    /// The body where the whole of it has arrived; else nil.
    var arrivedBody: ByteBuffer?
    let maximumBodyBytes: Int
    /// The peer's address; nil where it is not known.
    var remoteAddress: String?
    /// Whether it was received on a loopback address.
    var isLoopback = false

    var authorization: [String] { head.headerFields[values: .authorization] }

    /// The host of `Host` or `:authority`, in lower case and without the port.
    var host: String? {
        guard let authority = head.authority?.lowercased(), !authority.isEmpty else { return nil }
        guard !authority.hasPrefix("[") else { return String(authority.prefix { $0 != "]" }) + "]" }
        return String(authority.prefix { $0 != ":" })
    }

    /// Reads the whole body.
    ///
    /// - Throws: ``RequestError/bodyTooLarge`` where it exceeds the limit, or an error of the connection.
    func readBody() async throws -> [UInt8] {
        if let length = head.headerFields[.contentLength].flatMap(Int.init), length > maximumBodyBytes {
            throw RequestError.bodyTooLarge
        }
        if let arrivedBody {
            guard arrivedBody.readableBytes <= maximumBodyBytes else { throw RequestError.bodyTooLarge }
            return Array(arrivedBody.readableBytesView)
        }
        do {
            return Array(try await body.collect(upTo: maximumBodyBytes).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw RequestError.bodyTooLarge
        }
    }
}
