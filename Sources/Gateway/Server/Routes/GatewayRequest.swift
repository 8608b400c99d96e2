import HTTPTypes
import Hummingbird
import NIOCore

/// A request as the routes see it: the raw path, and a body that is read once and within bounds.
struct GatewayRequest {
    let head: HTTPRequest
    /// As sent: not decoded, without the query.
    let path: String
    /// The raw query without its question mark.
    let query: String?
    let body: RequestBody
    let maximumBodyBytes: Int
    /// What the routes found out, for the request's log record.
    let record: RequestRecord

    var authorization: [String] { head.headerFields[values: .authorization] }

    /// The host of `Host` or `:authority`, in lower case and without the port.
    var host: String? {
        guard let authority = head.authority?.lowercased(), !authority.isEmpty else { return nil }
        guard !authority.hasPrefix("[") else { return String(authority.prefix { $0 != "]" }) + "]" }
        return String(authority.prefix { $0 != ":" })
    }

    /// The whole body.
    ///
    /// - Throws: a 413 answer where it is larger than the limit.
    func readBody() async throws -> [UInt8] {
        if let length = head.headerFields[.contentLength].flatMap(Int.init), length > maximumBodyBytes {
            throw RequestRefusal.bodyTooLarge
        }
        do {
            return Array(try await body.collect(upTo: maximumBodyBytes).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw RequestRefusal.bodyTooLarge
        }
    }
}
