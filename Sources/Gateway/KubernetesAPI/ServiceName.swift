/// The name of a Service, from which the host names in its cluster's DNS follow ("DNS for Services and Pods").
public struct ServiceName: Hashable, Sendable {
    /// The Service's name.
    public let name: String
    /// The Service's namespace.
    public let namespace: String

    /// Creates the name of a Service in a namespace.
    public init(_ name: String, in namespace: String) {
        self.name = name
        self.namespace = namespace
    }

    /// Parses a host name such as `web.shop.svc` or `web.shop.svc.cluster.local`, in any case.
    public init?(host: String) {
        let labels = host.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 3, labels[2] == "svc", labels[0...1].allSatisfy({ KubernetesName.isLabel($0) }) else {
            return nil
        }
        self.init(String(labels[0]), in: String(labels[1]))
    }

    /// `<name>.<namespace>.svc`: as the API server calls a webhook, and as Pods of any namespace can.
    public var host: String { "\(name).\(namespace).svc" }

    /// Each form that a Pod can use: ``host``, shorter ones, and the one with the default cluster domain.
    public var hosts: [String] { [name, "\(name).\(namespace)", host, "\(host).cluster.local"] }
}
