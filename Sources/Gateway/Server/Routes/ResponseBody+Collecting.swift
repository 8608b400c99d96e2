import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

extension ResponseBody {
    /// The whole body. Every response here is a document in memory.
    func collected() async throws -> ByteBuffer {
        let collected = CollectedBody()
        try await write(CollectedBody.Writer(body: collected))
        return collected.bytes.withLock { $0 }
    }
}

private final class CollectedBody: Sendable {
    let bytes = Mutex(ByteBuffer())

    struct Writer: ResponseBodyWriter {
        let body: CollectedBody

        mutating func write(_ buffer: ByteBuffer) async throws {
            body.bytes.withLock { bytes in
                if bytes.readableBytes == 0 { bytes = buffer } else { bytes.writeImmutableBuffer(buffer) }
            }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
