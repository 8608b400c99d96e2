/// How to reach an API server, how to verify it and how to authenticate. No file of it has been read yet.
public struct ClusterAccess: Sendable, Equatable {
    /// A certificate, key or token. Its `description` is redacted.
    public enum Material: Sendable, Equatable {
        /// A path that can be opened. The file is read again while the program runs.
        case file(String)
        /// The content.
        case bytes([UInt8])
    }

    /// A client certificate with its private key.
    public struct ClientCertificate: Sendable, Equatable {
        /// The certificate chain in PEM, the client's certificate first.
        public var chain: Material
        /// The private key in PEM, not encrypted.
        public var key: Material

        /// Creates a client certificate of its chain and key.
        public init(chain: Material, key: Material) {
            self.chain = chain
            self.key = key
        }
    }

    /// The address.
    public var server: KubernetesServer
    /// The name that the server's certificate must have; nil for the host of the address.
    public var serverName: String?
    /// The trusted authorities in PEM; nil for those of the system.
    public var authority: Material?
    /// The bearer token; nil for none.
    public var token: Material?
    /// The client certificate; nil for none.
    public var clientCertificate: ClientCertificate?
    /// The program whose output has the credentials; nil for none. It must run before the access is used.
    public var plugin: CredentialPlugin?

    /// Creates an access of its members.
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
    /// The path of a file; `data` for a content.
    public var description: String {
        switch self {
        case .file(let path): path
        case .bytes: "data"
        }
    }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .enum) }
}

extension ClusterAccess {
    /// Returns the access that every Pod has ("Accessing the Kubernetes API from a Pod"): the address of the
    /// environment and the ServiceAccount volume.
    ///
    /// - Parameters:
    ///   - environment: `KUBERNETES_SERVICE_HOST`, an IPv4 or IPv6 address or a name, and `KUBERNETES_SERVICE_PORT`.
    ///   - folder: the mounted volume with `ca.crt` and `token`.
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
                "KUBERNETES_SERVICE_HOST \"\(host)\" and KUBERNETES_SERVICE_PORT \"\(port)\" are not an address; "
                    + "use the values of the kubelet")
        }
        return ClusterAccess(server: server, authority: .file("\(folder)/ca.crt"), token: .file("\(folder)/token"))
    }
}
