import HTTPTypes
import Hummingbird
import NIOCore

/// The admin listener: what Prometheus fetches.
struct MetricsRoutes: Sendable {
    let metrics: PrometheusMetrics
    /// Brings up to date what is not counted as it happens, such as the age of keys; called before each answer.
    let refresh: @Sendable () -> Void

    func add(to table: inout RouteTable) {
        table.add("/metrics", Route(name: "metrics", endpoint: nil, methods: [.get, .head], respond: text))
    }

    private func text(_ request: GatewayRequest) -> Response {
        refresh()
        return Response(
            status: .ok, headers: [.contentType: PrometheusMetrics.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text)))
    }
}
