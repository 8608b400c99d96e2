import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Checks each HTTP/1.x request's target, `Host` and framing (RFC 9112 §3.2, §6), and translates messages to and from
/// HTTPTypes. Whatever two readers could understand in two ways is an error, after which nothing more is read.
final class HTTP1Framing: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var isBroken = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            do throws(ProtocolViolation) {
                context.fireChannelRead(wrapInboundOut(.head(try Self.request(head))))
            } catch {
                isBroken = true
                context.fireErrorCaught(error)
            }
        case .body(let buffer): context.fireChannelRead(wrapInboundOut(.body(buffer)))
        case .end: context.fireChannelRead(wrapInboundOut(.end(nil)))
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let response):
            let head = HTTPResponseHead(
                version: .http1_1,
                status: HTTPResponseStatus(
                    statusCode: response.status.code, reasonPhrase: response.status.reasonPhrase),
                headers: HTTPHeaders(response.headerFields.map { ($0.name.rawName, $0.value) }))
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let buffer): context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
        case .end: context.write(wrapOutboundOut(.end(nil)), promise: promise)
        }
    }

    static func request(_ head: HTTPRequestHead) throws(ProtocolViolation) -> HTTPRequest {
        guard head.version.major == 1, head.version.minor <= 1 else { throw .unsupportedVersion }
        try checkFraming(head)
        let hosts = head.headers["Host"]
        guard hosts.count <= 1 else { throw .badRequest("the Host header field is repeated") }
        if let host = hosts.first, !HTTPAuthority.isValid(host) {
            throw .badRequest("the Host header field is invalid")
        }
        guard hosts.count == 1 || head.version == .http1_0 else {
            throw .badRequest("the Host header field is missing")
        }
        guard let method = HTTPRequest.Method(head.method.rawValue) else { throw .badRequest("the method is no token") }
        let target = try HTTPRequestTarget(head.uri)
        var fields = HTTPFields()
        for field in head.headers where !Self.isHost(field.name) {
            guard let name = HTTPField.Name(field.name) else { throw .badRequest("a header field has no valid name") }
            fields.append(HTTPField(name: name, value: field.value))
        }
        if head.version == .http1_0 { fields[.connection] = "close" }
        return HTTPRequest(
            method: method, scheme: "https", authority: target.authority ?? hosts.first, path: target.path,
            headerFields: fields)
    }

    private static func isHost(_ name: String) -> Bool { name.utf8.count == 4 && name.lowercased() == "host" }

    /// RFC 9112 §6.1 and §6.3: the length of a request is defined once, by one field.
    private static func checkFraming(_ head: HTTPRequestHead) throws(ProtocolViolation) {
        let values = head.headers["Transfer-Encoding"]
        guard !values.isEmpty else { return }
        guard head.version == .http1_1 else { throw .badRequest("HTTP/1.0 has no Transfer-Encoding") }
        guard !head.headers.contains(name: "Content-Length") else {
            throw .badRequest("the request has both a Transfer-Encoding and a Content-Length")
        }
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let codings = values.flatMap { $0.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) }
            .map { coding in
                let end = coding.lastIndex { !isSpace($0) }.map(coding.index(after:)) ?? coding.startIndex
                return String(coding[..<end].drop(while: isSpace) as Substring.UTF8View)?.lowercased() ?? ""
            }
        guard codings.last == "chunked" else {
            throw .badRequest("the last transfer coding of a request must be chunked")
        }
        let others = codings.dropLast()
        guard !others.contains(where: { $0 == "chunked" || $0.isEmpty }) else {
            throw .badRequest("the Transfer-Encoding is invalid")
        }
        guard others.isEmpty else { throw .unsupportedCoding }
    }
}
