import JSON

/// Builds the patch of one Pod. Operations on containers come before the one that inserts the sidecar, so that their
/// indices are those of the Pod in the request.
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

    /// Adds everything that the Pod lacks.
    mutating func addAll() throws(AdmissionDenial) {
        addAnnotation()
        try addVolumes()
        try addToContainers()
        try addSidecar()
        if pod.resolvesAsNode, isClusterName(policy.server) {
            warnings.append(
                "the Pod uses its node's DNS and may not resolve \(policy.server); "
                    + "with hostNetwork set dnsPolicy: ClusterFirstWithHostNet")
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
                "the Pod has its own volume \(name) (\(place) differs), but the name is reserved for injection; "
                    + "use a different name")
        }
        append(added, to: JSONPointer("spec", "volumes"), exists: pod.hasVolumes)
    }

    private mutating func addSidecar() throws(AdmissionDenial) {
        let initPointer = JSONPointer("spec", "initContainers")
        let index = try SidecarPlacement.index(in: pod, policy)
        let first = isNative ? sidecar.native : sidecar.firstFetch
        if !isNative {
            let isMissing = try isMissing(sidecar.classic, in: pod.containers, but: pod.initContainers)
            if isMissing {
                append([sidecar.classic], to: JSONPointer("spec", "containers"), exists: pod.hasContainers)
            }
            if pod.restartPolicy != "Always" {
                warnings.append(
                    "restartPolicy is \(PodQuotation.of(pod.restartPolicy)), but \(InjectedNames.sidecar) does not "
                        + "terminate, so the Pod does not either; use native sidecars (Kubernetes 1.32 or later)")
            }
        }
        guard try isMissing(first, in: pod.initContainers, but: pod.containers) else { return }
        if pod.hasInitContainers {
            patch.add(first, at: initPointer.appending(index))
        } else {
            patch.add([first], at: initPointer)
        }
    }

    /// Whether the sidecar is a native one. A Pod that is already injected keeps its kind of sidecar: another replica may
    /// have injected it with other knowledge of the API server's version.
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

    /// Whether the container must be added.
    ///
    /// - Parameter others: the other container list, which must not contain the name either.
    private func isMissing(
        _ wanted: JSONValue, in containers: [ContainerReading], but others: [ContainerReading]
    ) throws(AdmissionDenial) -> Bool {
        let name = wanted["name"]?.stringValue ?? ""
        func denial(_ fact: String) -> AdmissionDenial {
            AdmissionDenial(
                .forbidden,
                "the Pod has its own container \(name) (\(fact)), but the name is reserved for injection; "
                    + "use a different name, or remove the container if it was injected before")
        }
        if others.contains(where: { $0.name == name }) { throw denial("in the other list of containers") }
        guard let found = containers.first(where: { $0.name == name }) else { return true }
        if let place = InjectedContent.difference(found.json, from: wanted) { throw denial("\(place) differs") }
        return false
    }

    /// Appends values to a list.
    ///
    /// - Parameter exists: whether the Pod has the list; otherwise it is added.
    mutating func append(_ values: [JSONValue], to list: JSONPointer, exists: Bool) {
        guard !values.isEmpty else { return }
        if exists {
            for value in values { patch.add(value, at: list.end) }
        } else {
            patch.add(.array(values), at: list)
        }
    }
}
