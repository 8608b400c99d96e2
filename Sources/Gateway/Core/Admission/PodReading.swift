import JSON

/// The parts of a Pod's JSON that injection uses. Unknown fields are ignored; a field of the wrong type is an error.
struct PodReading {
    let labels: [String: String]
    let annotations: [String: String]
    let hasAnnotations: Bool
    let serviceAccountName: String
    let containers: [ContainerReading]
    let initContainers: [ContainerReading]
    let hasContainers: Bool
    let hasInitContainers: Bool
    /// The volumes by name.
    let volumes: [String: JSONValue]
    let hasVolumes: Bool
    /// `Always` by default.
    let restartPolicy: String
    let isOfWindows: Bool
    /// Whether the Pod uses its node's DNS, which does not resolve cluster names.
    let resolvesAsNode: Bool
    /// The `runAsUser` of the Pod's securityContext.
    let runsAsUser: Int?
    /// Whether this is the mirror of a static Pod.
    let isMirror: Bool

    init(_ pod: JSONValue) throws(AdmissionDenial) {
        let root = PodField(pod)
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
        var byName: [String: JSONValue] = [:]
        for volume in volumes ?? [] { byName[try volume.member("name").requiredText()] = volume.value }
        self.volumes = byName
        restartPolicy = try spec.member("restartPolicy").text() ?? "Always"
        let selector = try spec.member("nodeSelector").texts()
        let systems = [
            try spec.member("os").member("name").text(), selector["kubernetes.io/os"],
            selector["beta.kubernetes.io/os"],
        ]
        isOfWindows = systems.contains { $0?.lowercased() == "windows" }
        let policy = try spec.member("dnsPolicy").text() ?? "ClusterFirst"
        let isOnHostNetwork = try spec.member("hostNetwork").flag() ?? false
        resolvesAsNode = policy == "Default" || (policy == "ClusterFirst" && isOnHostNetwork)
        runsAsUser = try spec.member("securityContext").member("runAsUser").integer()
        isMirror = self.annotations["kubernetes.io/config.mirror"] != nil
    }

    /// The Pod's labels only, for Pods that request no injection.
    static func labels(of pod: JSONValue) throws(AdmissionDenial) -> [String: String] {
        try PodField(pod).member("metadata").member("labels").texts()
    }

    /// The name of the ServiceAccount. An empty one means `default`; `serviceAccount` is the field's deprecated name.
    private static func serviceAccountName(_ spec: PodField) throws(AdmissionDenial) -> String {
        for key in ["serviceAccountName", "serviceAccount"] {
            if let name = try spec.member(key).text(), !name.isEmpty { return name }
        }
        return "default"
    }

    private static func containers(
        _ spec: PodField, _ name: String
    ) throws(AdmissionDenial) -> (containers: [ContainerReading], exists: Bool) {
        guard let fields = try spec.member(name).elements() else { return ([], false) }
        var containers: [ContainerReading] = []
        for (index, field) in fields.enumerated() {
            containers.append(try ContainerReading(field, at: JSONPointer("spec", name).appending(index)))
        }
        return (containers, true)
    }
}
