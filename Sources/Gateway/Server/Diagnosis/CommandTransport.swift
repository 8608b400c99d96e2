import AsyncHTTPClient
import FoundationEssentials
package import GatewayCore
package import GatewayPluginAPI

/// The HTTP calls of a command: of the gateway, of the public issuer URL as a verifier reads it, and of relying parties.
package final class CommandTransport: HTTPTransport {
    private let rules: ProxyRules
    private let plugin: PluginTransport
    private let clients = ProbeClients()
    private let files: LocalPublisherFiles

    /// - Parameter resolve: returns the path of a file that the configuration names.
    package init(environment: [String: String], resolve: @escaping @Sendable (String) -> String) {
        rules = ProxyRules(environment: environment)
        plugin = PluginTransport(rules: rules)
        files = LocalPublisherFiles(resolve: resolve)
    }

    /// The files that the configuration names.
    package var publisherFiles: any PublisherFiles { files }

    /// Closes all connections; must be called.
    package func close() async {
        try? await clients.shutdown()
        try? await plugin.shutdown()
    }

    /// Sends a request through the proxy of the environment, where it applies.
    package func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse {
        try await plugin.send(request)
    }

    /// Sends a request to another address than that of its URL; the certificate is verified for the host of the URL.
    package func send(
        _ request: HTTPTransportRequest, to address: ListenAddress
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
        guard var parts = URLComponents(string: request.url), let host = parts.host else {
            throw .failed("the URL has no host")
        }
        let authority = parts.port.map { "\(host):\($0)" } ?? host
        parts.port = address.port
        guard let url = parts.string else { throw .failed("the URL is not valid") }
        var request = request
        request.url = url
        request.headers.append(HTTPHeaderField("Host", authority))
        let client = clients.client(.init(proxy: nil, host: host, address: address.host))
        return try await HTTPClientTransport(client: client, trust: clients.trust, queue: clients.queue).send(request)
    }

    /// Reads a document as a verifier does: within 5 s, at most 64 KiB, without redirects.
    ///
    /// - Parameter endpoint: whose settings of `publish.probe` apply to URLs of its issuer's host; nil for none.
    package func read(
        _ url: String, of endpoint: EndpointConfiguration?
    ) async throws(HTTPTransportError) -> HTTPTransportResponse {
        guard let host = URLComponents(string: url)?.host?.lowercased() else { throw .failed("the URL has no host") }
        var request = HTTPTransportRequest(
            method: "GET", url: url, headers: [HTTPHeaderField("Accept", "application/json")],
            timeout: IssuerProbe.timeout, maximumResponseBytes: IssuerProbe.maximumSize)
        let probe = endpoint.flatMap { $0.issuer.host == host ? $0.probe : nil }
        if let file = probe?.authorityFile {
            guard let content = (try? files.read(file)) ?? nil, let pem = String(validating: content, as: UTF8.self)
            else { throw .failed("publish.probe.caFile is not readable") }
            request.certificateAuthorities = pem
        }
        if let address = probe?.connectTo { return try await send(request, to: address) }
        let proxy = probe?.proxy.flatMap { ProxyAddress($0) } ?? rules.proxy(forHost: host, port: 443)
        let client = clients.client(.init(proxy: proxy, host: host, address: nil))
        return try await HTTPClientTransport(client: client, trust: clients.trust, queue: clients.queue).send(request)
    }
}
