import AsyncHTTPClient
import GatewayPluginAPI
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Sends requests with one HTTP client, whatever their `usesProxy`: the client has its proxy, or none.
struct HTTPClientTransport: HTTPTransport {
    let client: HTTPClient
    let trust: TrustConfigurations
    let queue: RequestQueue

    func send(_ request: HTTPTransportRequest) async throws(HTTPTransportError) -> HTTPTransportResponse {
        var headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
        if !headers.contains(name: "User-Agent") { headers.add(name: "User-Agent", value: "sts-gateway") }
        let tls = try request.certificateAuthorities.map { pem throws(HTTPTransportError) in
            try trust.configuration(pem: pem)
        }
        let answer = try await queue.run(to: Self.authority(of: request.url)) { () async throws(HTTPTransportError) in
            try await HTTPExchange.run(
                HTTPClient.Request(
                    url: request.url, method: HTTPMethod(rawValue: request.method), headers: headers,
                    body: request.body.isEmpty ? nil : .byteBuffer(ByteBuffer(bytes: request.body)),
                    tlsConfiguration: tls), on: client, seconds: Double(request.timeout),
                limit: request.maximumResponseBytes)
        }
        return HTTPTransportResponse(
            status: answer.status, headers: answer.headers.map { HTTPHeaderField($0.name, $0.value) },
            body: answer.body)
    }

    /// Host and port of a URL.
    static func authority(of url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.count > 2 ? String(parts[2].prefix { !"?#".contains($0) }) : url
    }
}

/// TLS configurations by the CA certificates that they trust, in PEM: parsed once, since each call has the same.
final class TrustConfigurations: Sendable {
    private static let maximumCount = 64

    private let known = Mutex<[String: TLSConfiguration]>([:])

    func configuration(pem: String) throws(HTTPTransportError) -> TLSConfiguration {
        if let known = known.withLock({ $0[pem] }) { return known }
        let made = try TLSConfiguration.trusting(pem: pem)
        known.withLock { known in
            if known.count >= Self.maximumCount { known.removeAll() }
            known[pem] = made
        }
        return made
    }
}
