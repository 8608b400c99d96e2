import HTTPTypes
import NIOCore

/// A request that has arrived, as far as it was read.
struct ReceivedRequest: Sendable {
    /// Why a body was not read to its end.
    enum BodyFailure: Error, Equatable {
        case tooLarge
        /// The bodies in flight use the whole budget.
        case overloaded
    }

    let head: HTTPRequest
    let body: Result<ByteBuffer, BodyFailure>
    let remoteAddress: String?
    /// Whether it was received on a loopback address.
    let isLoopback: Bool
    /// Whether it came over HTTP/2.
    let isStream: Bool
    /// Sends the response. It is called once; any thread may call it.
    let reply: @Sendable (HTTPResponse, ByteBuffer) -> Void
}
