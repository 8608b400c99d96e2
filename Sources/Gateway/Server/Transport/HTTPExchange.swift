import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import Kubernetes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Sends one request and reads the response, within one timeout and one size limit.
enum HTTPExchange {
    struct Reply: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    /// - Parameters:
    ///   - seconds: the timeout from connecting to the last byte of the response.
    ///   - limit: the maximum size of the response body in bytes.
    static func run(
        _ request: @autoclosure () throws -> HTTPClient.Request, on client: HTTPClient, seconds: Double, limit: Int
    ) async throws(HTTPTransportError) -> Reply {
        do {
            let request = try request()
            let response = try await client.execute(
                request: request, delegate: ResponseAccumulator(request: request, maxBodySize: limit),
                deadline: .now() + .nanoseconds(Int64(seconds * 1e9))
            ).response
            return Reply(
                status: Int(response.status.code), headers: response.headers,
                body: response.body.map { Array($0.readableBytesView) } ?? [])
        } catch {
            throw Self.mapped(error, limit: limit)
        }
    }

    private static func mapped(_ error: any Error, limit: Int) -> HTTPTransportError {
        switch error {
        case is ResponseAccumulator.ResponseTooBigError: .tooLong(limit)
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded, .connectTimeout, .readTimeout, .writeTimeout, .tlsHandshakeTimeout,
                .getConnectionFromPoolTimeout:
                .timedOut
            case .cancelled: .failed("the request was cancelled")
            case .remoteConnectionClosed: .failed("the connection was closed before the end of the response")
            default: .failed(error.shortDescription)
            }
        case let error as NIOConnectionError:
            error.dnsAError != nil && error.connectionErrors.isEmpty
                ? .failed("no address for \(error.host)")
                : .failed("no connection to \(error.host):\(error.port)")
        case is HTTPParserError: .failed("the response is not HTTP, or truncated")
        case let error as IOError: .failed("the connection failed (\(String(cString: strerror(error.errnoCode))))")
        default: .failed(TLSFailure(error)?.description ?? "\(error)")
        }
    }
}

extension HTTPClient.Configuration {
    /// HTTP/1.1 without redirects and decompression.
    static func plain(proxy: ProxyAddress?) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
        configuration.httpVersion = .http1Only
        // No retries: callers have their own backoff.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = RequestQueue.concurrency
        if let proxy {
            configuration.proxy = .server(
                host: proxy.host, port: proxy.port,
                authorization: proxy.credentials.map { .basic(credentials: Data($0.utf8).base64EncodedString()) })
        }
        return configuration
    }
}

extension TLSConfiguration {
    /// A client configuration that trusts these CAs instead of the system's.
    static func trusting(pem: String) throws(HTTPTransportError) -> TLSConfiguration {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))
        } catch {
            throw .failed("invalid CA bundle; expected PEM certificates")
        }
        guard !certificates.isEmpty else { throw .failed("the CA bundle has no certificate") }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(certificates)
        return configuration
    }
}
