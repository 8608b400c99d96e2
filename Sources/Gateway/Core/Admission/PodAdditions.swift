import JSON
import KubernetesAPI

/// Builds the patch of one Pod. Operations on containers come before the one that inserts the sidecar, so that their
/// indices are those of the Pod in the request.
struct PodAdditions {
    let pod: PodReading
    let requested: RequestedInjections
    let policy: InjectionPolicy
    let annotations: OpenUnisonAnnotations
    let delivery: TokenDelivery
    /// The names of the Pod's endpoints, sorted.
    let endpointNames: [String]
    /// The sidecar of an earlier injection.
    let found: InjectedSidecar
    var record: InjectionRecord

    var patch = JSONPatch()
    var warnings: [String]

    /// - Parameter known: all endpoints of this replica.
    init(
        to pod: PodReading, _ requested: RequestedInjections, known: InjectableEndpoints, _ policy: InjectionPolicy
    ) throws(AdmissionDenial) {
        self.pod = pod
        self.requested = requested
        self.policy = policy
        annotations = try OpenUnisonAnnotations(pod, policy: policy)
        record = InjectionRecord(pod.annotations, policy)
        found = try InjectedSidecar(of: pod, record, policy)
        let kind = try TokenDelivery.kind(
            of: pod, found, record, createsVolume: annotations.createsVolume, policy)
        let volume = kind == .csi && record.isPresent ? NodeVolume.found(in: pod, driver: policy.nodeDriver) : nil
        let earlier = volume.map(Self.endpoints) ?? found.endpoints
        // Lifetimes of endpoints that this replica does not render stay.
        let rendered = requested.endpoints.map(\.name)
        let lifetimes = (volume.map(NodeVolume.lifetimes) ?? found.lifetimes).filter { !rendered.contains($0.key) }
            .merging(requested.lifetimes) { $1 }
        let endpoints = SidecarEndpoints(
            requested.endpoints, known: known, found: earlier, renewals: found.renewals, lifetimes: lifetimes)
        guard endpoints.hasValidLength else { throw AdmissionDenial(.forbidden, SidecarEndpoints.tooLong) }
        endpointNames = endpoints.names
        let audience = try requested.audience(
            policy, found: endpoints.hasUnknown ? pod.subjectTokenAudience : nil)
        // Files of endpoints that this replica does not render stay.
        let others = Set(earlier.keys).subtracting(requested.endpoints.map(\.name))
        let files = requested.files + (volume.map { NodeVolume.files(of: $0, others) } ?? found.files(of: others))
        guard InjectedFile.setting(files).utf8.count <= InjectedFile.maximumLength else {
            throw AdmissionDenial(
                .forbidden,
                "the files of the Pod's endpoints are longer than \(InjectedFile.maximumLength) bytes; request fewer "
                    + "endpoints")
        }
        if kind == .csi, let driver = policy.nodeDriver {
            delivery = .csi(try NodeVolume(driver: driver, endpoints: endpoints, files: files))
            warnings = []
            return
        }
        let linger = try SidecarLinger(pod, isNative: found.isNative ?? policy.isNative, policy)
        delivery = .sidecar(
            SidecarContainers(
                policy, endpoints: endpoints, audience: audience, pod: pod, annotations: annotations,
                linger: linger.setting, files: files,
                resources: try SidecarResourcePlan(policy.sidecar.resources, for: pod, policy).json))
        warnings = annotations.warnings + linger.warnings
    }

    /// The endpoints of the volume of an earlier injection. Their paths are a setting of the node driver.
    private static func endpoints(of volume: JSONValue) -> [String: String] {
        NodeVolume.endpoints(of: volume).filter { KubernetesName.isLabel($0) }
            .reduce(into: [:]) { $0[$1] = "/\($1)" }
    }

    /// Adds everything that the Pod lacks, and updates what an earlier injection added.
    mutating func addAll() throws(AdmissionDenial) {
        try addVolumes()
        try addToContainers()
        if case .sidecar(let sidecar) = delivery {
            try add(sidecar)
            checkNameResolution()
        }
        addAnnotations()
    }

    private mutating func addAnnotations() {
        record.keep(pod.initContainers + pod.containers)
        var wanted = [(policy.key(InjectionRecord.key), endpointNames.joined(separator: ","))]
        if !record.variables.isEmpty { wanted.append((policy.key(InjectionRecord.variablesKey), record.text)) }
        let changed = wanted.filter { pod.annotations[$0.0] != $0.1 }
        let pointer = JSONPointer("metadata", "annotations")
        if pod.hasAnnotations {
            for (key, value) in changed { patch.add(.string(value), at: pointer.appending(key)) }
        } else if !changed.isEmpty {
            patch.add(.object(changed.map { .init($0.0, .string($0.1)) }), at: pointer)
        }
    }

    private mutating func addVolumes() throws(AdmissionDenial) {
        var added: [JSONValue] = []
        for wanted in delivery.volumes {
            let name = wanted["name"]?.stringValue ?? ""
            let isPods = try isOfPod(name)
            guard let found = pod.volumes[name] else {
                if !isPods { added.append(wanted) }
                continue
            }
            guard !isPods, let place = InjectedContent.difference(found.json.value, from: wanted) else { continue }
            guard !record.isPresent else {
                patch.replace(wanted, at: JSONPointer("spec", "volumes").appending(found.index))
                continue
            }
            throw AdmissionDenial(
                .forbidden,
                "the Pod has its own volume \(name) (\(place) differs), but the name is reserved for injection; "
                    + "use a different name")
        }
        append(added, to: JSONPointer("spec", "volumes"), exists: pod.hasVolumes)
    }

    /// Whether the Pod has the volume itself (`create-volume: "false"`). The node driver writes into its own volume only.
    private func isOfPod(_ volume: String) throws(AdmissionDenial) -> Bool {
        guard volume == InjectedNames.tokenVolume, !annotations.createsVolume else { return false }
        guard case .csi = delivery, NodeVolume.found(in: pod, driver: policy.nodeDriver) == nil else { return true }
        throw AdmissionDenial(
            .forbidden,
            "\(policy.key("create-volume")) is false, but the node driver provides the volume \(volume); remove the "
                + "annotation, or set \(policy.key(TokenDelivery.key)): sidecar")
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
