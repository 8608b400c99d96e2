import GatewayCore
import GatewayPluginAPI
import ServiceLifecycle

/// Reads issuer URLs while this replica's clock is not known to agree with theirs: a replica that does not lead for that
/// reason reads none otherwise, and would not notice that it can lead again. For a gateway without an API server.
struct IssuerClockService: Service {
    /// Their answers are recorded by the clock.
    let readers: [any IssuerReading]
    let clock: ClockComparison

    /// Seconds.
    static let interval = 60.0
    /// A few answers are enough.
    static let maximumReaders = 3

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if clock.compared?.agrees != true {
                    for reader in readers.prefix(Self.maximumReaders) { _ = await reader.read(.keys) }
                }
                try? await clock.scheduler.sleep(Self.interval)
            }
        }
    }
}
