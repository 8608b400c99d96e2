import HTTPTypes
import Hummingbird
import NIOCore

/// The admin listener's `GET /metrics`, which Prometheus scrapes.
struct MetricsRoutes: Sendable {
    let metrics: PrometheusMetrics
    /// Updates gauges that depend on the time, such as the age of keys; called before each response.
    let refresh: @Sendable () -> Void

    func add(to table: inout RouteTable) {
        table.add("/metrics", Route(.metrics, methods: [.get, .head], respond: text))
    }

    private func text(_ request: GatewayRequest) -> Response {
        refresh()
        return Response(
            status: .ok, headers: [.contentType: PrometheusMetrics.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text)))
    }
}
