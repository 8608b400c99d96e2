import GatewayCore
import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
    /// Returns a public document, or 304 where the client already has it.
    ///
    /// - Parameter maximumAge: the cache lifetime in seconds.
    static func cacheable(
        _ representation: Representation, contentType: String, maximumAge: Int, for request: GatewayRequest
    ) -> Response {
        let headers: HTTPFields = [
            .eTag: representation.entityTag, .cacheControl: "public, max-age=\(maximumAge)",
        ]
        if matches(request.head.headerFields[values: .ifNoneMatch], representation.entityTag) {
            // A closure, because an empty body would send a Content-Length of 0, which is not the document's.
            let none = ResponseBody(contentLength: nil) { writer in try await writer.finish(nil) }
            return Response(status: .notModified, headers: headers, body: none)
        }
        var response = Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: representation.content)))
        response.headers[.contentType] = contentType
        return response
    }

    /// Evaluates `If-None-Match` with weak comparison (RFC 9110 §13.1.2). The gateway's tags have no white space.
    private static func matches(_ values: [String], _ entityTag: String) -> Bool {
        values.flatMap { $0.split(separator: ",") }.contains { value in
            let tag = value.filter { $0 != " " && $0 != "\t" }
            return tag == "*" || tag == entityTag || tag == "W/" + entityTag
        }
    }
}
