import NIOCore

/// Times and sizes of a listener's connections.
struct ConnectionLimits: Sendable {
    /// For the TLS handshake.
    var handshake = TimeAmount.seconds(10)
    /// For a whole request to arrive, from its first byte.
    var read: TimeAmount
    /// Without progress of a write.
    var write: TimeAmount
    /// Without a request; asked for each connection.
    var idle: @Sendable () -> TimeAmount
    /// Of a connection that is ending: from its last response until it is closed.
    var closing = TimeAmount.seconds(5)
    /// The same where other connections need room.
    var eviction = TimeAmount.seconds(1)
    var headerBytes: Int
    var bodyBytes: Int
    /// How much of the rest of a rejected request is read and discarded. A client that still sends a body does not see
    /// the response if the connection is closed, so it is more than ``bodyBytes``.
    var drainedBytes: Int
    /// Of a HTTP/2 connection.
    var streams = 16
}
