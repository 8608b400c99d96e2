import AsyncHTTPClient
import FoundationEssentials
import GatewayPluginAPI
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The HTTP transport of plugins: through the proxy of the environment where it applies, with the system's CAs or those
/// of the request.
final class PluginTransport: HTTPTransport, Service {
    private let direct: HTTPClient
    private let proxied: HTTPClient?
    private let rules: ProxyRules
    /// TLS configurations by their CA bundle.
    private let trust = Mutex<[String: TLSConfiguration]>([:])

    init(rules: ProxyRules) {
        self.rules = rules
        direct = HTTPClient(eventLoopGroupProvider: .singleton, configuration: .plain(proxy: nil))
        proxied = rules.proxy.map {
            HTTPClient(eventLoopGroupProvider: .singleton, configuration: .plain(proxy: $0))
        }
    }

    func run() async throws {
        try? await gracefulShutdown()
        try await shutdown()
    }

    func shutdown() async throws {
        try await direct.shutdown()
        try await proxied?.shutdown()
    }

    func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse {
        var message = HTTPClientRequest(url: request.url)
        message.method = HTTPMethod(rawValue: request.method)
        for field in request.headers { message.headers.add(name: field.name, value: field.value) }
        if message.headers["User-Agent"].isEmpty { message.headers.add(name: "User-Agent", value: "sts-gateway") }
        if !request.body.isEmpty { message.body = .bytes(ByteBuffer(bytes: request.body)) }
        if let authorities = request.certificateAuthorities { message.tlsConfiguration = try trusting(authorities) }
        let client = client(for: request)
        let reply = try await HTTPExchange.run(
            message, on: client, seconds: Double(request.timeout), limit: request.maximumResponseBytes)
        return HTTPTransportResponse(
            status: reply.status, headers: reply.headers.map { HTTPHeaderField($0.name, $0.value) },
            body: reply.body)
    }

    private func client(for request: HTTPTransportRequest) -> HTTPClient {
        guard let proxied, request.usesProxy, let url = URL(string: request.url), url.scheme == "https",
            let host = url.host(), rules.proxy(forHost: host, port: url.port ?? 443) != nil
        else { return direct }
        return proxied
    }

    private func trusting(_ pem: String) throws(HTTPTransportError) -> TLSConfiguration {
        if let cached = trust.withLock({ $0[pem] }) { return cached }
        let configuration = try TLSConfiguration.trusting(pem: pem)
        trust.withLock { cache in
            if cache.count >= 64 { cache.removeAll() }
            cache[pem] = configuration
        }
        return configuration
    }
}
