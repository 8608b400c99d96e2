import JSON

/// The parts of a Pod's JSON that injection uses. Unknown fields are ignored; a field of the wrong type is an error.
struct PodReading {
    let labels: PodTexts
    let annotations: PodTexts
    let hasAnnotations: Bool
    let serviceAccountName: String
    let containers: [ContainerReading]
    let initContainers: [ContainerReading]
    let hasContainers: Bool
    let hasInitContainers: Bool
    /// The volumes by name, with their index.
    let volumes: [String: (index: Int, json: JSONNode)]
    let hasVolumes: Bool
    /// `Always` by default.
    let restartPolicy: String
    let isOfWindows: Bool
    /// `ClusterFirst` by default.
    let dnsPolicy: String
    /// The requests and limits at Pod level (`spec.resources`); nil where it has none.
    let resources: JSONNode?
    /// In seconds; 30 by default.
    let terminationGracePeriod: Int
    /// Whether the Pod uses its node's DNS, which does not resolve cluster names.
    let resolvesAsNode: Bool
    /// The `runAsUser` of the Pod's securityContext.
    let runsAsUser: Int?
    /// Whether this is the mirror of a static Pod.
    let isMirror: Bool

    init(_ pod: JSONNode) throws(AdmissionDenial) {
        self = try PodField.reading(pod) { field throws(AdmissionDenial) in try PodReading(root: field) }
    }

    private init(root: PodField) throws(AdmissionDenial) {
        let metadata = try root.member("metadata")
        let spec = try root.requiredMember("spec")
        labels = try metadata.member("labels").texts()
        let annotations = try metadata.member("annotations")
        self.annotations = try annotations.texts()
        hasAnnotations = annotations.value != nil
        serviceAccountName = try Self.serviceAccountName(spec)
        (containers, hasContainers) = try Self.containers(spec, "containers")
        (initContainers, hasInitContainers) = try Self.containers(spec, "initContainers")
        let volumes = try spec.member("volumes").elements()
        hasVolumes = volumes != nil
        var byName: [String: (index: Int, json: JSONNode)] = [:]
        for (index, volume) in (volumes ?? []).enumerated() {
            let name = try volume.member("name").requiredText()
            if let json = volume.value { byName[name] = (index, json) }
        }
        self.volumes = byName
        restartPolicy = try spec.member("restartPolicy").text() ?? "Always"
        // A name of the wrong type is an error.
        _ = try spec.member("os").member("name").text()
        let nodeSelector = try spec.member("nodeSelector").texts()
        isOfWindows = spec.value.map { OperatingSystem.isWindows($0, nodeSelector: nodeSelector) } ?? false
        dnsPolicy = try spec.member("dnsPolicy").text() ?? "ClusterFirst"
        let isOnHostNetwork = try spec.member("hostNetwork").flag() ?? false
        resolvesAsNode = dnsPolicy == "Default" || (dnsPolicy == "ClusterFirst" && isOnHostNetwork)
        resources = try spec.member("resources").value
        terminationGracePeriod = try spec.member("terminationGracePeriodSeconds").integer() ?? 30
        runsAsUser = try spec.member("securityContext").member("runAsUser").integer()
        isMirror = self.annotations["kubernetes.io/config.mirror"] != nil
    }

    /// Whether the volume is of a kind that is always mounted read-only.
    func isReadOnly(_ volume: String) -> Bool {
        let json = volumes[volume]?.json
        return ["configMap", "secret", "projected", "downwardAPI"].contains { json?[$0].map { !$0.isNull } ?? false }
    }

    /// The audience of the sidecar's ServiceAccount token; nil where the Pod has no such volume.
    var subjectTokenAudience: String? {
        let sources = volumes[InjectedNames.subjectTokenVolume]?.json["projected"]?["sources"]?.elementList
        return sources?.lazy.compactMap { $0["serviceAccountToken"]?["audience"]?.stringValue }.first
    }

    /// The Pod's labels only, for Pods that request no injection.
    static func labels(of pod: JSONNode) throws(AdmissionDenial) -> PodTexts {
        try PodField.reading(pod) { field throws(AdmissionDenial) in
            try field.member("metadata").member("labels").texts()
        }
    }

    /// The name of the ServiceAccount. An empty one means `default`; `serviceAccount` is the field's deprecated name.
    private static func serviceAccountName(_ spec: PodField) throws(AdmissionDenial) -> String {
        for key in ["serviceAccountName", "serviceAccount"] {
            if let name = try spec.member(key).text(), !name.isEmpty { return name }
        }
        return "default"
    }

    /// Far more than a kubelet runs. It bounds the patch, which has operations for each container.
    static let maximumContainerCount = 10_000

    private static func containers(
        _ spec: PodField, _ name: String
    ) throws(AdmissionDenial) -> (containers: [ContainerReading], exists: Bool) {
        guard let fields = try spec.member(name).elements() else { return ([], false) }
        guard fields.count <= maximumContainerCount else {
            throw AdmissionDenial(
                .badRequest, "spec.\(name): \(fields.count) containers; expected at most \(maximumContainerCount)")
        }
        var containers: [ContainerReading] = []
        for (index, field) in fields.enumerated() {
            containers.append(try ContainerReading(field, at: JSONPointer("spec", name).appending(index)))
        }
        return (containers, true)
    }
}
