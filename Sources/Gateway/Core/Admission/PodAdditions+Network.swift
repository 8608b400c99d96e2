// Warnings of Pods whose sidecar cannot reach the gateway.

extension PodAdditions {
    /// - Parameter index: the index of the sidecar's first container in the init containers.
    mutating func checkMeshes(before index: Int) {
        for mesh in ServiceMesh.all where mesh.redirects(index, of: pod) {
            let server = GatewayAddress(policy.server)
            guard !mesh.excludes(server.port, of: pod) else { continue }
            warnings.append(
                "\(mesh.name) redirects the Pod's traffic before its proxy runs, so \(InjectedNames.sidecar) cannot reach "
                    + "the gateway and the Pod does not start; set the annotation \(mesh.exclusion): "
                    + "\"\(server.port)\", or use native sidecars of \(mesh.name)")
        }
    }

    mutating func checkNameResolution() {
        guard pod.resolvesAsNode || pod.dnsPolicy == "None" else { return }
        let server = GatewayAddress(policy.server)
        if pod.resolvesAsNode, server.isClusterName {
            warnings.append(
                "the Pod uses its node's DNS and may not resolve \(policy.server); "
                    + "with hostNetwork set dnsPolicy: ClusterFirstWithHostNet")
        } else if pod.dnsPolicy == "None", server.isName {
            warnings.append(
                "dnsPolicy is None, so the nameservers of the Pod's dnsConfig must resolve \(server.host); "
                    + "use dnsPolicy: ClusterFirst unless they do")
        }
    }
}

/// Host and port of the gateway's URL.
struct GatewayAddress {
    /// Without the brackets of an IPv6 address.
    let host: String
    let port: Int
    /// Whether the host is an IPv6 address.
    private let isIPv6: Bool

    /// - Parameter url: a valid https URL.
    init(_ url: String) {
        let authority = url.split(separator: "/").dropFirst().first ?? ""
        isIPv6 = authority.hasPrefix("[")
        let end = isIPv6 ? authority.firstIndex(of: "]") : authority.lastIndex(of: ":")
        let address = authority[..<(end ?? authority.endIndex)]
        host = String(isIPv6 ? address.dropFirst() : address)
        let rest = authority[(end ?? authority.endIndex)...]
        port = rest.lastIndex(of: ":").flatMap { Int(rest[rest.index(after: $0)...]) } ?? 443
    }

    /// Whether the host is a name and not an address.
    var isName: Bool {
        guard !isIPv6 else { return false }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return !(parts.count == 4 && parts.allSatisfy { UInt8($0) != nil })
    }

    /// Whether only the cluster's DNS resolves the name.
    var isClusterName: Bool {
        isName && (host.hasSuffix(".svc") || host.contains(".svc.") || !host.contains("."))
    }
}
