/// How to reach one API server, trust it, and be known by it. Nothing has been opened yet.
public struct ClusterAccess: Sendable, Equatable {
    /// A certificate, key or token. It does not print.
    public enum Material: Sendable, Equatable {
        /// A path that can be opened; the file is read again while the program runs.
        case file(String)
        case bytes([UInt8])
    }

    public struct ClientCertificate: Sendable, Equatable {
        /// PEM, the leaf first.
        public var chain: Material
        /// PEM, not encrypted.
        public var key: Material

        public init(chain: Material, key: Material) {
            self.chain = chain
            self.key = key
        }
    }

    public var server: KubernetesServer
    /// The name that the server's certificate must bear, where it is not the address.
    public var serverName: String?
    /// PEM of the trusted authorities; nil for those of the system.
    public var authority: Material?
    public var token: Material?
    public var clientCertificate: ClientCertificate?

    public init(
        server: KubernetesServer, serverName: String? = nil, authority: Material?, token: Material?,
        clientCertificate: ClientCertificate? = nil
    ) {
        self.server = server
        self.serverName = serverName
        self.authority = authority
        self.token = token
        self.clientCertificate = clientCertificate
    }
}

extension ClusterAccess.Material: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        switch self {
        case .file(let path): path
        case .bytes: "data"
        }
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .enum) }
}

extension ClusterAccess {
    /// The access that every Pod has ("Accessing the Kubernetes API from a Pod"): the address in the environment, and
    /// the ServiceAccount volume.
    ///
    /// - Parameters:
    ///   - environment: `KUBERNETES_SERVICE_HOST`, an IPv4 or IPv6 address or a name, and `KUBERNETES_SERVICE_PORT`.
    ///   - folder: where the kubelet mounts `ca.crt` and `token`.
    public static func inCluster(
        environment: [String: String], folder: String
    ) throws(KubernetesConnectionError) -> ClusterAccess {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty else {
            throw KubernetesConnectionError(
                "KUBERNETES_SERVICE_HOST is not set, so this is not a Pod; name a kubeconfig file")
        }
        let port = environment["KUBERNETES_SERVICE_PORT"] ?? ""
        guard let number = Int(port.isEmpty ? "443" : port), let server = KubernetesServer(host: host, port: number)
        else {
            throw KubernetesConnectionError(
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are \"\(host)\" and \"\(port)\", "
                    + "which is no address; leave them as the kubelet sets them")
        }
        return ClusterAccess(server: server, authority: .file("\(folder)/ca.crt"), token: .file("\(folder)/token"))
    }
}
