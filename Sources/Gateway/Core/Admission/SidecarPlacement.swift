/// The position of the sidecar in a Pod's init containers.
enum SidecarPlacement {
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
        // Native sidecars of service meshes provide the sidecar's network.
        let proxies = ServiceMesh.all.reduce(into: policy.meshProxies) { $0.formUnion($1.proxies) }
        let afterMesh = (containers.lastIndex { $0.isNativeSidecar && proxies.contains($0.name) } ?? -1) + 1
        switch policy.position {
        case .first: return afterMesh
        case .last: return containers.count
        // Pods without this container are injected as well.
        case .after(let name): return max(afterMesh, (containers.firstIndex { $0.name == name } ?? -1) + 1)
        }
    }
}
