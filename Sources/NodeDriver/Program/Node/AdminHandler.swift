import ExchangeClient
import NIOCore
import NIOHTTP1

/// `GET /livez` and `GET /metrics` over plain HTTP.
final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let table: VolumeTable
    private let metrics: Metrics
    private var head: HTTPRequestHead?

    init(_ table: VolumeTable, _ metrics: Metrics) { (self.table, self.metrics) = (table, metrics) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head else { return }
        let counts = table.counts(at: Clock.boot())
        let (status, text): (HTTPResponseStatus, String) =
            switch (head.method, head.uri) {
            case (.GET, "/livez"): (.ok, "ok\n")
            case (.GET, "/metrics"): (.ok, metrics.text(volumes: counts.volumes, failing: counts.failing))
            default: (.notFound, "not found\n")
            }
        let fields: HTTPHeaders = [
            "content-type": "text/plain; version=0.0.4", "content-length": "\(text.utf8.count)", "connection": "close",
        ]
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: fields))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
