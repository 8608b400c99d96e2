import JSON

/// Collects the patch of one Pod. Operations on containers come before the one that puts the sidecar among them, so
/// that their indices are those of the Pod as it was read.
struct PodAdditions {
    let pod: PodReading
    let requested: RequestedInjections
    let policy: InjectionPolicy
    let annotations: OpenUnisonAnnotations
    private let sidecar: SidecarContainers

    var patch = JSONPatch()
    var warnings: [String]

    init(to pod: PodReading, _ requested: RequestedInjections, _ policy: InjectionPolicy) throws(AdmissionDenial) {
        self.pod = pod
        self.requested = requested
        self.policy = policy
        annotations = try OpenUnisonAnnotations(pod, policy: policy)
        sidecar = SidecarContainers(
            policy, endpoints: requested.endpoints, audience: try requested.audience(policy), pod: pod,
            annotations: annotations)
        warnings = annotations.warnings
    }

    mutating func addAll() throws(AdmissionDenial) {
        addAnnotation()
        try addVolumes()
        try addToContainers()
        try addSidecar()
        if pod.resolvesAsNode, isClusterName(policy.server) {
            warnings.append(
                "the Pod looks names up as its node does, and may not find \(policy.server); "
                    + "with hostNetwork write dnsPolicy: ClusterFirstWithHostNet")
        }
    }

    private func isClusterName(_ server: String) -> Bool {
        let authority = server.split(separator: "/").dropFirst().first ?? ""
        guard !authority.hasPrefix("[") else { return false }
        let host = authority.prefix { $0 != ":" }
        return host.hasSuffix(".svc") || host.contains(".svc.") || !host.contains(".")
    }

    private mutating func addAnnotation() {
        let pointer = JSONPointer("metadata", "annotations")
        let key = policy.key("injected")
        let value = requested.endpoints.map(\.name).joined(separator: ",")
        guard pod.annotations[key] != value else { return }
        if pod.hasAnnotations {
            patch.add(.string(value), at: pointer.appending(key))
        } else {
            patch.add(.object([.init(key, .string(value))]), at: pointer)
        }
    }

    private mutating func addVolumes() throws(AdmissionDenial) {
        var added: [JSONValue] = []
        for wanted in [SidecarContainers.tokenVolume, sidecar.subjectTokenVolume] {
            let name = wanted["name"]?.stringValue ?? ""
            let isPods = name == InjectedNames.tokenVolume && !annotations.createsVolume
            guard let found = pod.volumes[name] else {
                if !isPods { added.append(wanted) }
                continue
            }
            guard !isPods, let place = InjectedContent.difference(found, from: wanted) else { continue }
            throw AdmissionDenial(
                .forbidden,
                "the Pod has a volume \(name) of its own (its \(place) is another), and the name is taken for "
                    + "injection; give it another name")
        }
        append(added, to: JSONPointer("spec", "volumes"), isThere: pod.hasVolumes)
    }

    private mutating func addSidecar() throws(AdmissionDenial) {
        let initPointer = JSONPointer("spec", "initContainers")
        let index = try SidecarPlacement.index(in: pod, policy)
        let first = isNative ? sidecar.native : sidecar.firstFetch
        if !isNative {
            let isMissing = try isMissing(sidecar.classic, in: pod.containers, but: pod.initContainers)
            if isMissing {
                append([sidecar.classic], to: JSONPointer("spec", "containers"), isThere: pod.hasContainers)
            }
            if pod.restartPolicy != "Always" {
                warnings.append(
                    "restartPolicy is \(PodQuotation.of(pod.restartPolicy)), but \(InjectedNames.sidecar) runs without "
                        + "an end, and so would the Pod; native sidecars, from Kubernetes 1.32 on, end with it")
            }
        }
        guard try isMissing(first, in: pod.initContainers, but: pod.containers) else { return }
        if pod.hasInitContainers {
            patch.add(first, at: initPointer.appending(index))
        } else {
            patch.add([first], at: initPointer)
        }
    }

    /// Whether the sidecar is an init container that runs beside the others. A Pod that has it already keeps the one
    /// that it has: another replica may know the API server's version, or another one.
    private var isNative: Bool {
        guard policy.sidecar.mode == .auto else { return policy.isNative }
        if pod.initContainers.contains(where: { $0.name == InjectedNames.sidecar && $0.isNativeSidecar }) {
            return true
        }
        let isClassic =
            pod.initContainers.contains { $0.name == InjectedNames.firstFetch }
            && pod.containers.contains { $0.name == InjectedNames.sidecar }
        if isClassic { return false }
        return policy.isNative
    }

    /// Whether a container of ours is still to be put among the containers.
    ///
    /// - Parameter others: where its name may not be either.
    private func isMissing(
        _ wanted: JSONValue, in containers: [ContainerReading], but others: [ContainerReading]
    ) throws(AdmissionDenial) -> Bool {
        let name = wanted["name"]?.stringValue ?? ""
        func refusal(_ place: String) -> AdmissionDenial {
            AdmissionDenial(
                .forbidden,
                "the Pod has a container \(name) of its own (\(place)), and the name is taken for injection; "
                    + "give it another name, or leave it out where it was injected once")
        }
        if others.contains(where: { $0.name == name }) { throw refusal("among the other kind of containers") }
        guard let found = containers.first(where: { $0.name == name }) else { return true }
        if let place = InjectedContent.difference(found.json, from: wanted) { throw refusal("its \(place) is another") }
        return false
    }

    mutating func append(_ values: [JSONValue], to list: JSONPointer, isThere: Bool) {
        guard !values.isEmpty else { return }
        if isThere {
            for value in values { patch.add(value, at: list.end) }
        } else {
            patch.add(.array(values), at: list)
        }
    }
}
