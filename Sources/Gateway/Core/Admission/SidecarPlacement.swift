/// The position of the sidecar in a Pod's init containers.
enum SidecarPlacement {
    /// Native sidecars of service meshes, which provide the sidecar's network.
    private static let meshProxies: Set<String> = ["istio-proxy", "linkerd-proxy"]

    /// The index at which the sidecar is inserted.
    static func index(in pod: PodReading, _ policy: InjectionPolicy) throws(AdmissionDenial) -> Int {
        let containers = pod.initContainers
        let key = policy.key("sidecar-after")
        if let name = pod.annotations[key] {
            guard let index = containers.firstIndex(where: { $0.name == name }) else {
                throw AdmissionDenial(
                    .forbidden,
                    "\(key): unknown init container \(PodQuotation.of(name)); "
                        + "name an init container of the Pod, or remove the annotation")
            }
            return index + 1
        }
        let afterMesh = (containers.lastIndex { $0.isNativeSidecar && meshProxies.contains($0.name) } ?? -1) + 1
        switch policy.position {
        case .first: return afterMesh
        case .last: return containers.count
        // Pods without this container are injected as well.
        case .after(let name): return max(afterMesh, (containers.firstIndex { $0.name == name } ?? -1) + 1)
        }
    }
}
