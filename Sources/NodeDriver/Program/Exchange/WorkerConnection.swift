import ExchangeClient
import Glibc
import Synchronization

/// Waits for the sockets of one worker thread. A signal ends the process elsewhere.
final class SocketPoller: SocketWaiting {
    func wait(for socket: Int32, events: Int16, until deadline: Double) throws(SidecarError) {
        while true {
            let left = deadline - Clock.boot()
            guard left > 0 else { throw SidecarError(.timeout, "timed out") }
            var polled = pollfd(fd: socket, events: events, revents: 0)
            if poll(&polled, 1, Int32(min(left * 1000 + 1, 3_600_000))) > 0 { return }
        }
    }

    func withSignalsUnblocked<Result>(_ body: () -> Result) -> Result { body() }
}

/// The gateway, and whom the driver trusts.
struct GatewaySetting: Sendable {
    let server: ServerAddress
    /// The first CA bundle; a file that does not exist yet is no error where a bundle was learned before. Nil for the
    /// public CAs of the image.
    let caFile: String?
    let caCache: String
    /// Seconds.
    let timeout: Double

    /// - Throws: if there is no CA bundle.
    func trust() throws(SidecarError) -> TrustedCertificates {
        guard let caFile else {
            return TrustedCertificates(file: TrustedCertificates.systemBundle, text: nil, cache: caCache)
        }
        var found = stat()
        if stat(caFile, &found) == 0 {
            // An empty file: the gateway's certificate is of a public CA.
            let file = found.st_size == 0 ? TrustedCertificates.systemBundle : caFile
            return TrustedCertificates(file: file, text: nil, cache: caCache)
        }
        guard stat(caCache, &found) == 0 else {
            throw SidecarError(
                .connection,
                "the CA bundle \"\(caFile)\" does not exist yet; the gateway's leader writes it to a ConfigMap")
        }
        return TrustedCertificates(file: nil, text: nil, cache: caCache)
    }
}

/// The connection of one worker thread to the gateway. Consecutive exchanges share it.
final class WorkerConnection {
    private var connection: GatewayConnection
    private let bundle: CABundleStore
    private let program = "sts-node"

    init(_ setting: GatewaySetting, _ bundle: CABundleStore) throws(SidecarError) {
        connection = GatewayConnection(
            server: setting.server, trust: try setting.trust(), poller: SocketPoller(), userAgent: program,
            timeout: setting.timeout)
        self.bundle = bundle
    }

    /// - Parameter requestedLifetime: in seconds; nil for the endpoint's.
    func token(
        path: String, for subject: SubjectToken, requestedLifetime: Int?
    ) throws(SidecarError) -> (token: IssuedToken, lifetime: Double) {
        let result = try connection.token(.rfc8693, path: path, for: subject, requestedLifetime: requestedLifetime)
        bundle.updateIfDue(over: &connection)
        return result
    }
}

/// Learns the gateway's CA bundle, once for the whole node.
final class CABundleStore: Sendable {
    /// Seconds between two reads.
    private static let interval = 300.0

    private let state = Mutex((due: 0.0, update: CABundleUpdate()))

    /// Reads the bundle if no thread did so within the interval. A failure is logged.
    func updateIfDue(over connection: inout GatewayConnection) {
        let now = Clock.boot()
        let update = state.withLock { state -> CABundleUpdate? in
            guard state.due <= now else { return nil }
            state.due = now + Self.interval
            return state.update
        }
        guard var update else { return }
        do throws(SidecarError) {
            if try update.update(over: &connection) { LogLine.write(.info, "CA bundle updated") }
            state.withLock { [update] in $0.update = update }
        } catch {
            LogLine.write(.warning(error.code), "CA bundle not updated", [("error", LogLine.quote(error.reason))])
        }
    }
}
