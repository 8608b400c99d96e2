import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
import NIOCore

/// A response of the server.
enum APIReply: Sendable {
    case json(JSONValue, status: Int = 200)
    case text(String)
    /// A text with its media type.
    case document(JSONValue, contentType: String)
    case watch(WatchScope, options: WatchOptions)
    case status(APIStatus)
    case bytes(Int, String, [UInt8])

    struct WatchOptions: Sendable {
        let revision: Int?
        let bookmarks: Bool
        let sendsInitialEvents: Bool
        /// Seconds.
        let timeout: Int
        let onlyMetadata: Bool
    }

    /// - Parameter request: its connection is observed during a watch, which ends when the client disconnects.
    func response(_ api: FakeKubernetesAPI, to request: RequestBody) -> Response {
        switch self {
        case .json(let value, let status): Self.response(status, "application/json", value.utf8Text)
        case .status(let status): Self.response(status)
        case .bytes(let status, let contentType, let body): Self.response(status, contentType, body)
        case .text(let text): Self.response(200, "text/plain; charset=utf-8", Array(text.utf8))
        case .document(let value, let contentType): Self.response(200, contentType, value.utf8Text)
        case .watch(let scope, let options):
            Response(
                // The input of the connection is consumed to detect a disconnect, so it serves no second request.
                status: .ok, headers: [.contentType: "application/json", .connection: "close"],
                body: ResponseBody { writer in
                    let watch = api.store.watch(
                        scope, from: options.revision, bookmarks: options.bookmarks,
                        sendsInitialEvents: options.sendsInitialEvents)
                    defer { watch.end(false) }
                    try await request.consumeWithInboundCloseHandler { _ in
                        try await Self.stream(watch, of: scope.resource, options, sleep: api.sleep, to: &writer)
                    } onInboundClosed: {
                        watch.end(false)
                    }
                    try await writer.finish(nil)
                })
        }
    }

    static func response(_ status: Int, _ contentType: String, _ body: [UInt8]) -> Response {
        Response(
            status: .init(code: status), headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    static func response(_ status: APIStatus) -> Response {
        var response = response(status.code, "application/json", status.json.utf8Text)
        if let retryAfter = status.retryAfter { response.headers[.retryAfter] = String(retryAfter) }
        return response
    }

    /// One JSON text per line until the timeout, with a bookmark before the end where requested.
    private static func stream(
        _ watch: ObjectStore.Watch, of resource: APIResource, _ options: WatchOptions,
        sleep: @escaping FakeKubernetesAPI.Sleep, to writer: inout any ResponseBodyWriter
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await sleep(options.timeout)
                watch.end(options.bookmarks)
            }
            defer { group.cancelAll() }
            for await frame in watch.frames {
                let line = frame.shown(onlyMetadata: options.onlyMetadata).line(of: resource)
                try await writer.write(ByteBuffer(bytes: line))
            }
        }
    }
}
