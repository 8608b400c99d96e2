import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
    /// A public document, and 304 where the caller has it already.
    ///
    /// - Parameter maximumAge: in caches, in seconds.
    static func cacheable(
        _ body: [UInt8], contentType: String, entityTag: String, maximumAge: Int, for request: GatewayRequest
    ) -> Response {
        let headers: HTTPFields = [.eTag: entityTag, .cacheControl: "public, max-age=\(maximumAge)"]
        if matches(request.head.headerFields[values: .ifNoneMatch], entityTag) {
            // A closure, since an empty body would say a length of 0, which is not the document's.
            let none = ResponseBody(contentLength: nil) { writer in try await writer.finish(nil) }
            return Response(status: .notModified, headers: headers, body: none)
        }
        var response = Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        response.headers[.contentType] = contentType
        return response
    }

    /// `If-None-Match` with weak comparison (RFC 9110 §13.1.2). Our tags have no white space in them.
    private static func matches(_ values: [String], _ entityTag: String) -> Bool {
        values.flatMap { $0.split(separator: ",") }.contains { value in
            let tag = value.filter { $0 != " " && $0 != "\t" }
            return tag == "*" || tag == entityTag || tag == "W/" + entityTag
        }
    }
}
