/// How to reach one API server, trust it, and be known by it. Nothing has been opened yet.
package struct ClusterAccess: Sendable, Equatable {
    /// A certificate, key or token. It does not print.
    package enum Material: Sendable, Equatable {
        /// A path that can be opened; the file is read again while the program runs.
        case file(String)
        case bytes([UInt8])
    }

    package struct ClientCertificate: Sendable, Equatable {
        /// PEM, the leaf first.
        package var chain: Material
        /// PEM, not encrypted.
        package var key: Material

        package init(chain: Material, key: Material) {
            self.chain = chain
            self.key = key
        }
    }

    package var server: KubernetesServer
    /// The name that the server's certificate must bear, where it is not the address.
    package var serverName: String?
    /// PEM of the trusted authorities; nil for those of the system.
    package var authority: Material?
    package var token: Material?
    package var clientCertificate: ClientCertificate?

    package init(
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
    package var description: String {
        switch self {
        case .file(let path): path
        case .bytes: "data"
        }
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .enum) }
}

extension ClusterAccess {
    /// The access that every Pod has ("Accessing the Kubernetes API from a Pod"): the address in the environment, and
    /// the ServiceAccount volume.
    ///
    /// - Parameters:
    ///   - environment: `KUBERNETES_SERVICE_HOST`, an IPv4 or IPv6 address or a name, and `KUBERNETES_SERVICE_PORT`.
    ///   - folder: where the kubelet mounts `ca.crt` and `token`.
    package static func inCluster(
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
