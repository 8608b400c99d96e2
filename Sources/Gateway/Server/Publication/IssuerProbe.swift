import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import HTTPTypes
import NIOHTTP1
import NIOSSL

/// Reads the two public URLs of an issuer as a verifier does: 5 s, 64 KiB, no redirects, the certificate checked.
struct IssuerProbe: IssuerReading {
    /// Seconds.
    static let timeout = 5.0
    /// Bytes.
    static let maximumSize = 64 << 10

    private let issuer: Issuer
    private let urlPrefix: String
    /// Makes the authorities' file one that can be read; nil for the system's.
    private let authorities: (@Sendable () throws(PublishError) -> [UInt8]?)?
    private let client: HTTPClient

    /// - Parameters:
    ///   - rules: of the environment; the settings' own proxy comes first, and `connectTo` does without.
    ///   - files: for the authorities' file.
    init(
        _ issuer: Issuer, settings: EndpointConfiguration.Probe, rules: ProxyRules, files: any PublisherFiles,
        clients: ProbeClients
    ) {
        self.issuer = issuer
        let own = settings.proxy.flatMap { ProxyAddress($0) }
        let fromRules = settings.connectTo == nil ? rules.proxy(forHost: issuer.host, port: 443) : nil
        client = clients.client(
            proxy: own ?? fromRules, override: settings.connectTo.map { (issuer.host, $0.host) })
        let authority = issuer.host + (settings.connectTo.map { ":\($0.port)" } ?? "")
        urlPrefix = "https://\(authority)\(issuer.path)"
        if let file = settings.authorityFile {
            authorities = { () throws(PublishError) -> [UInt8]? in try files.read(file) }
        } else {
            authorities = nil
        }
    }

    func read(_ document: IssuerDocumentKind) async -> IssuerAnswer {
        do throws(HTTPTransportError) {
            var request = HTTPClientRequest(url: urlPrefix + document.path)
            request.headers = [
                "Host": issuer.host, "Accept": "application/json", "User-Agent": "sts-gateway",
            ]
            if let authorities {
                guard let bytes = (try? authorities()) ?? nil else {
                    return .failure("publish.probe.caFile cannot be read")
                }
                guard let pem = String(validating: bytes, as: UTF8.self) else {
                    return .failure("publish.probe.caFile is not UTF-8")
                }
                request.tlsConfiguration = try .trusting(pem: pem)
            }
            let answer = try await HTTPExchange.run(
                request, on: client, seconds: Self.timeout, limit: Self.maximumSize)
            switch answer.status {
            case 200:
                return .content(
                    answer.body, isOwn: answer.headers[GatewayHeader.gateway.rawValue].contains(IssuerRoutes.origin))
            case 300..<400: return .failure("it answers \(answer.status), and verifiers follow no redirects")
            default: return .failure("it answers \(answer.status)")
            }
        } catch {
            return .failure("\(error)")
        }
    }
}
