import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request and its whole answer, within one time and one size.
enum HTTPExchange {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    /// - Parameters:
    ///   - seconds: from connecting to the last byte of the answer.
    ///   - limit: of the answer's body, in bytes.
    static func run(
        _ request: HTTPClientRequest, on client: HTTPClient, seconds: Double, limit: Int
    ) async throws(HTTPTransportError) -> Answer {
        do {
            return try await withThrowingTaskGroup(of: Answer.self) { group in
                group.addTask {
                    let time = TimeAmount.nanoseconds(Int64(seconds * 1e9))
                    let response = try await client.execute(request, deadline: .now() + time)
                    let body = try await response.body.collect(upTo: limit)
                    // A body whose reading was cancelled ends early.
                    try Task.checkCancellation()
                    return Answer(
                        status: Int(response.status.code), headers: response.headers,
                        body: Array(body.readableBytesView))
                }
                // The client's deadline ends with the answer's head; a body that drips in has to end as well.
                group.addTask {
                    try await Task.sleep(for: .seconds(seconds))
                    throw HTTPTransportError.timedOut
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() else { throw HTTPTransportError.timedOut }
                return answer
            }
        } catch {
            throw Self.told(error, limit: limit)
        }
    }

    private static func told(_ error: any Error, limit: Int) -> HTTPTransportError {
        switch error {
        case let error as HTTPTransportError: error
        case is CancellationError: .failed("the call was given up")
        case is NIOTooManyBytesError: .tooLong(limit)
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded, .connectTimeout, .readTimeout, .writeTimeout, .tlsHandshakeTimeout,
                .getConnectionFromPoolTimeout:
                .timedOut
            case .remoteConnectionClosed: .failed("the connection was closed before the whole answer")
            default: .failed(error.shortDescription)
            }
        case let error as NIOConnectionError:
            error.dnsAError != nil && error.connectionErrors.isEmpty
                ? .failed("no address is known for \(error.host)")
                : .failed("no connection to \(error.host):\(error.port)")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            .failed("its certificate is not trusted, or TLS failed (\(error))")
        case is HTTPParserError: .failed("the answer is not HTTP, or was cut (\(error))")
        case let error as IOError: .failed("the connection broke (\(error))")
        default: .failed("\(error)")
        }
    }
}

extension HTTPClient.Configuration {
    /// HTTP/1.1, no redirects, answers as they are.
    static func plain(proxy: ProxyAddress?) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
        configuration.httpVersion = .http1Only
        // What fails is told at once; who asked has its own backoff.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let proxy {
            configuration.proxy = .server(
                host: proxy.host, port: proxy.port,
                authorization: proxy.credentials.map { .basic(credentials: Data($0.utf8).base64EncodedString()) })
        }
        return configuration
    }
}

extension TLSConfiguration {
    /// Trusts these authorities in place of the system's.
    static func trusting(pem: String) throws(HTTPTransportError) -> TLSConfiguration {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))
        } catch {
            throw .failed("the authorities to trust are not PEM certificates")
        }
        guard !certificates.isEmpty else { throw .failed("the authorities to trust hold no certificate") }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(certificates)
        return configuration
    }
}
