import HTTPTypes
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2

extension ChannelHandlerContext {
    /// Writes a whole response.
    ///
    /// - Parameters:
    ///   - progress: notices a peer that does not read.
    ///   - then: called when the response is written, with false where it cannot be.
    func write(
        _ head: HTTPResponse, _ body: ByteBuffer, following progress: WriteProgress?, then: @escaping (Bool) -> Void
    ) {
        let written = eventLoop.makePromise(of: Void.self)
        write(NIOAny(HTTPResponsePart.head(head)), promise: progress?.follow(nil))
        if body.readableBytes > 0 { write(NIOAny(HTTPResponsePart.body(body)), promise: progress?.follow(nil)) }
        written.futureResult.assumeIsolated().whenComplete { result in
            if case .success = result { then(true) } else { then(false) }
        }
        writeAndFlush(NIOAny(HTTPResponsePart.end(nil)), promise: progress?.follow(written) ?? written)
    }

    /// Ends the HTTP/2 stream whose response is written and whose request is not read to its end, without calling the
    /// response off (RFC 9113 §8.1).
    func resetStream() {
        let codec = try? pipeline.syncOperations.context(handlerType: HTTP2FramePayloadToHTTPServerCodec.self)
        codec?.writeAndFlush(NIOAny(HTTP2Frame.FramePayload.rstStream(.noError)), promise: nil)
    }
}
