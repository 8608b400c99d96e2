import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import KubernetesAPI

/// How a command reaches the gateway's token listener.
struct GatewayAddressOptions: ParsableArguments {
    @Option(
        help: """
            The https URL of the gateway; by default injection.gatewayURL or its Service inside a Pod, else a Pod of the \
            gateway through the API server.
            """)
    var server: String?

    @Option(help: "HOST:PORT to connect to in place of the URL's, such as that of kubectl port-forward.")
    var connectTo: String?

    @Option(help: "The CA bundle of the gateway in PEM; by default that of the webhook configuration, or the system's.")
    var caFile: String?

    func validate() throws {
        guard connectTo == nil || ListenAddress(connectTo ?? "") != nil else {
            throw ValidationError("--connect-to: invalid address; expected HOST:PORT, such as localhost:8443")
        }
        guard let server else { return }
        let parts = URLComponents(string: server)
        guard parts?.scheme == "https", let host = parts?.host, !host.isEmpty, parts?.user == nil, parts?.query == nil
        else {
            throw ValidationError("--server: invalid URL; expected https://HOST or https://HOST:PORT")
        }
    }

    /// The content of `--ca-file`; nil without the option.
    func authorities() throws -> String? {
        guard let caFile else { return nil }
        guard let content = FileManager.default.contents(atPath: caFile),
            let text = String(validating: content, as: UTF8.self)
        else { throw ValidationError("--ca-file: \(caFile) is not readable; expected the path of a readable PEM file") }
        return text
    }
}

/// Calls the gateway's token listener.
struct GatewayCalls: Sendable {
    enum Route: Sendable {
        case url(String, to: ListenAddress?, authorities: String?)
        /// A Pod of the gateway, through the API server's proxy, which does not verify the Pod's certificate.
        case pod(CommandCluster, namespace: String, name: String, port: Int)
    }

    struct Reply: Sendable {
        let status: Int
        let body: [UInt8]
        /// What the API server says where it answers itself; nil for an answer of the gateway.
        var apiServerMessage: String?
    }

    let route: Route
    let transport: CommandTransport

    /// Where the calls go, for messages.
    var place: String {
        switch route {
        case .url(let url, let address, _): url + (address.map { " at \($0)" } ?? "")
        case .pod(_, let namespace, let name, let port): "the Pod \(namespace)/\(name):\(port)"
        }
    }

    /// The text of an API server that answers a failure of its proxy without a Status.
    private static func proxyError(_ body: [UInt8]) -> String? {
        guard body.starts(with: "error trying to reach service".utf8) else { return nil }
        return String(decoding: body.prefix(1_000), as: UTF8.self)
    }

    /// Sends a GET, or a POST of a form.
    func send(_ path: String, form: String? = nil) async throws(CommandFailure) -> Reply {
        switch route {
        case .url(let url, let address, let authorities):
            var request = HTTPTransportRequest(
                method: form == nil ? "GET" : "POST", url: url + path,
                headers: form == nil ? [] : [HTTPHeaderField("Content-Type", "application/x-www-form-urlencoded")],
                body: form.map { Array($0.utf8) } ?? [], timeout: 15, certificateAuthorities: authorities,
                usesProxy: URLComponents(string: url)?.host.map { ServiceName(host: $0) == nil } ?? true)
            request.headers.append(HTTPHeaderField("Accept", "application/json"))
            do {
                let response =
                    if let address {
                        try await transport.send(request, to: address)
                    } else {
                        try await transport.send(request)
                    }
                return Reply(status: response.status, body: response.body)
            } catch {
                throw CommandFailure(
                    .gatewayUnreachable, "\(url): \(error)",
                    advice: "check --server, --connect-to and --ca-file, and that a replica is ready")
            }
        case .pod(let cluster, let namespace, let name, let port):
            let proxy = "/api/v1/namespaces/\(namespace)/pods/https:\(name):\(port)/proxy"
            let permission = "\(form == nil ? "get" : "create") on pods/proxy"
            do {
                let reply = try await cluster.send(form == nil ? .get : .create, proxy + path, form: form)
                if reply.status == 403, reply.message?.contains(" cannot ") == true {
                    throw CommandFailure(
                        .permissionMissing, "not allowed to call the gateway's Pods (403)",
                        advice: "bind a role with \(permission), or use --server", missingPermission: permission)
                }
                return Reply(
                    status: reply.status, body: reply.body,
                    apiServerMessage: reply.message ?? Self.proxyError(reply.body))
            } catch let error as CommandFailure {
                throw error
            } catch {
                throw CommandFailure(.gatewayUnreachable, "\(place): \(error)", advice: "check that the Pod is ready")
            }
        }
    }
}
