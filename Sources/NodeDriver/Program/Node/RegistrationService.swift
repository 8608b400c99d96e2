import ExchangeClient
import NIOCore

/// The service `pluginregistration.Registration`, which the kubelet calls when it finds the socket in its folder
/// `plugins_registry`.
struct RegistrationService: RPCService {
    let driver: String
    /// The path of the socket of the CSI services, as the kubelet sees it.
    let endpoint: String
    let metrics: Metrics

    func response(to method: String, _ message: ArraySlice<UInt8>, on loop: any EventLoop) -> EventLoopFuture<[UInt8]> {
        var writer = ProtobufWriter()
        switch method {
        case "/pluginregistration.Registration/GetInfo":
            writer.append(1, "CSIPlugin")
            writer.append(2, driver)
            writer.append(3, endpoint)
            writer.append(4, "1.0.0")
        case "/pluginregistration.Registration/NotifyRegistrationStatus":
            guard let status = try? RegistrationStatusMessage(message) else {
                return loop.makeFailedFuture(RPCError(.invalidArgument, "the request is not a RegistrationStatus"))
            }
            metrics.isRegistered = status.isRegistered
            if status.isRegistered {
                LogLine.write(.info, "driver registered")
            } else {
                LogLine.write(
                    .error(.registration), "driver not registered",
                    [("error", LogLine.quote(String(status.error.prefix(500))))])
            }
        default: return loop.makeFailedFuture(RPCError(.unimplemented, "unknown method"))
        }
        return loop.makeSucceededFuture(writer.bytes)
    }
}
