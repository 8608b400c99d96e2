import AsyncHTTPClient
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import Kubernetes

/// Reads the two public URLs of an issuer as a verifier does: within 5 s, at most 64 KiB, without redirects, and with
/// certificate verification.
struct IssuerProbe: IssuerReading {
    /// Seconds.
    static let timeout = 5
    /// Bytes.
    static let maximumSize = 64 << 10

    private let issuer: Issuer
    private let urlPrefix: String
    /// Reads the CA file; nil for the system's CAs.
    private let readCAs: (@Sendable () throws(PublishError) -> [UInt8]?)?
    private let transport: any HTTPTransport
    /// Takes the `Date` fields of the answers; nil where they are not used.
    private let clock: ClockComparison?

    /// - Parameters:
    ///   - rules: the proxy rules of the environment. The proxy in `settings` overrides them; they do not apply with
    ///     `connectTo`.
    ///   - files: reads the CA file.
    init(
        _ issuer: Issuer, settings: EndpointConfiguration.Probe, rules: ProxyRules, files: any PublisherFiles,
        clients: ProbeClients, clock: ClockComparison? = nil
    ) {
        let client = clients.client(Self.route(issuer, settings: settings, rules: rules))
        self.init(
            issuer, settings: settings, files: files,
            transport: HTTPClientTransport(client: client, trust: clients.trust, queue: clients.queue), clock: clock)
    }

    static func route(
        _ issuer: Issuer, settings: EndpointConfiguration.Probe, rules: ProxyRules
    ) -> ProbeClients.Route {
        let own = settings.proxy.flatMap { ProxyAddress($0) }
        let fromRules = settings.connectTo == nil ? rules.proxy(forHost: issuer.host, port: 443) : nil
        return ProbeClients.Route(proxy: own ?? fromRules, host: issuer.host, address: settings.connectTo?.host)
    }

    /// - Parameter transport: has the proxy and the address of `settings`.
    init(
        _ issuer: Issuer, settings: EndpointConfiguration.Probe, files: any PublisherFiles,
        transport: any HTTPTransport, clock: ClockComparison? = nil
    ) {
        self.clock = clock
        self.issuer = issuer
        self.transport = transport
        let authority = issuer.host + (settings.connectTo.map { ":\($0.port)" } ?? "")
        urlPrefix = "https://\(authority)\(issuer.path)"
        if let file = settings.authorityFile {
            readCAs = { () throws(PublishError) -> [UInt8]? in try files.read(file) }
        } else {
            readCAs = nil
        }
    }

    func read(_ document: IssuerDocumentKind) async -> IssuerResponse {
        do throws(HTTPTransportError) {
            var request = HTTPTransportRequest(
                method: "GET", url: urlPrefix + document.path,
                headers: [HTTPHeaderField("Host", issuer.host), HTTPHeaderField("Accept", "application/json")],
                timeout: Self.timeout, maximumResponseBytes: Self.maximumSize)
            if let readCAs {
                guard let bytes = (try? readCAs()) ?? nil else {
                    return .failure("publish.probe.caFile is not readable")
                }
                guard let pem = String(validating: bytes, as: UTF8.self) else {
                    return .failure("publish.probe.caFile is not UTF-8")
                }
                request.certificateAuthorities = pem
            }
            let sent = clock?.scheduler.monotonic()
            let response = try await transport.send(request)
            let isOwn = response.header(GatewayHeader.gateway.rawValue) == IssuerRoutes.origin
            if let clock, let sent, !isOwn {
                clock.server.record(
                    date: response.header("Date"), age: response.header("Age"), sent: sent,
                    received: clock.scheduler.monotonic())
            }
            switch response.status {
            case 200: return .content(response.body, isOwn: isOwn)
            case 300..<400: return .failure("status \(response.status); verifiers do not follow redirects")
            default: return .failure("status \(response.status)")
            }
        } catch {
            return .failure("\(error)")
        }
    }
}
