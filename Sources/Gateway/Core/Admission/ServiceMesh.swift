/// A service mesh whose redirection of the Pod's traffic can begin before its proxy runs.
struct ServiceMesh {
    let name: String
    /// The proxies' containers. A native one provides the network to the containers after it.
    let proxies: Set<String>
    /// Init containers that begin the redirection.
    let initializers: Set<String>
    /// Init containers that exist where a CNI plugin has begun the redirection before all containers.
    let validators: Set<String>
    /// An annotation that exists in the same case.
    var validatingAnnotation: String?
    /// The annotation with ports that are not redirected.
    let exclusion: String

    static let all = [
        ServiceMesh(
            name: "Istio", proxies: ["istio-proxy"], initializers: ["istio-init"], validators: ["istio-validation"],
            exclusion: "traffic.sidecar.istio.io/excludeOutboundPorts"),
        ServiceMesh(
            name: "Linkerd", proxies: ["linkerd-proxy"], initializers: ["linkerd-init"],
            validators: ["linkerd-network-validator"], exclusion: "config.linkerd.io/skip-outbound-ports"),
        ServiceMesh(
            name: "Kuma", proxies: ["kuma-sidecar"], initializers: ["kuma-init"], validators: ["kuma-validation"],
            exclusion: "traffic.kuma.io/exclude-outbound-ports"),
        ServiceMesh(
            name: "Consul", proxies: ["consul-dataplane"], initializers: ["consul-connect-inject-init"], validators: [],
            validatingAnnotation: "consul.hashicorp.com/redirect-traffic-config",
            exclusion: "consul.hashicorp.com/transparent-proxy-exclude-outbound-ports"),
    ]

    /// Whether the traffic of an init container is redirected to a proxy that does not run yet.
    ///
    /// - Parameter index: the container's index in the Pod's init containers, or the one at which it is inserted.
    func redirects(_ index: Int, of pod: PodReading) -> Bool {
        let preceding = pod.initContainers.prefix(index)
        guard !preceding.contains(where: { $0.isNativeSidecar && proxies.contains($0.name) }) else { return false }
        return preceding.contains { initializers.contains($0.name) }
            || pod.initContainers.contains { validators.contains($0.name) }
            || validatingAnnotation.map { pod.annotations[$0] != nil } ?? false
    }

    /// Whether connections to the port are not redirected.
    func excludes(_ port: Int, of pod: PodReading) -> Bool {
        Self.contains(port, pod.annotations[exclusion] ?? "")
    }

    /// Whether a list of ports and ranges, such as `443,8000-8999`, has the port.
    private static func contains(_ port: Int, _ list: String) -> Bool {
        list.split { ", ".contains($0) }.contains { entry in
            let bounds = entry.split(separator: "-").map { Int($0) }
            guard let first = bounds.first, let first, let last = bounds.last, let last, bounds.count <= 2 else {
                return entry == "*"
            }
            return first <= port && port <= last
        }
    }
}
