import NIOCore

/// Enables the detection of dead peers by the system: their packets are lost, or a middlebox has dropped the
/// connection.
enum SocketLiveness {
    /// Seconds until the first probe, and between two.
    private static let idle: ChannelOptions.Types.SocketOption.Value = 30
    private static let interval: ChannelOptions.Types.SocketOption.Value = 10
    private static let probes: ChannelOptions.Types.SocketOption.Value = 3

    /// - Parameter userTimeout: how long sent bytes, probes among them, may go unacknowledged.
    static func set(on channel: any Channel, userTimeout: TimeAmount) {
        guard let options = channel.syncOptions else { return }
        // A socket that does not know an option does without.
        try? options.setOption(.socketOption(.so_keepalive), value: 1)
        #if os(Linux)
            let milliseconds = Int(userTimeout.nanoseconds / 1_000_000)
            // TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT and TCP_USER_TIMEOUT of tcp(7).
            let values: [(CInt, ChannelOptions.Types.SocketOption.Value)] = [
                (4, idle), (5, interval), (6, probes), (18, milliseconds),
            ]
            for (option, value) in values {
                try? options.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: option)), value: value)
            }
        #endif
    }
}
