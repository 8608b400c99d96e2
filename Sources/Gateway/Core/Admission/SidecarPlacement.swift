/// Where the sidecar stands among a Pod's init containers.
enum SidecarPlacement {
    /// Through these the network goes that the sidecar needs.
    private static let meshProxies: Set<String> = ["istio-proxy", "linkerd-proxy"]

    /// The index of the init container that it is put before.
    static func index(in pod: PodReading, _ policy: InjectionPolicy) throws(AdmissionDenial) -> Int {
        let containers = pod.initContainers
        let key = policy.key("sidecar-after")
        if let name = pod.annotations[key] {
            guard let index = containers.firstIndex(where: { $0.name == name }) else {
                throw AdmissionDenial(
                    .forbidden,
                    "\(key): the Pod has no init container \(PodQuotation.of(name)) that the sidecar could follow; "
                        + "name one, or leave the annotation out")
            }
            return index + 1
        }
        let afterMesh = (containers.lastIndex { $0.isNativeSidecar && meshProxies.contains($0.name) } ?? -1) + 1
        switch policy.position {
        case .first: return afterMesh
        case .last: return containers.count
        // Pods that have no such container are injected all the same.
        case .after(let name): return max(afterMesh, (containers.firstIndex { $0.name == name } ?? -1) + 1)
        }
    }
}
