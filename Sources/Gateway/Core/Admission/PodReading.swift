import JSON

/// A view of a Pod's raw JSON: what injection looks at, and nothing else. Fields that nobody here knows are not
/// touched; a field of the wrong type is refused by its name.
struct PodReading {
    let labels: [String: String]
    let annotations: [String: String]
    let hasAnnotations: Bool
    let serviceAccountName: String
    let containers: [ContainerReading]
    let initContainers: [ContainerReading]
    let hasContainers: Bool
    let hasInitContainers: Bool
    /// By name.
    let volumes: [String: JSONValue]
    let hasVolumes: Bool
    /// `Always` where the Pod does not say.
    let restartPolicy: String
    let isOfWindows: Bool
    /// Whether it looks names up as its node does, and so knows none of the cluster's.
    let resolvesAsNode: Bool
    /// Of the Pod's securityContext.
    let runsAsUser: Int?
    /// Whether it stands for a static Pod of a node, which the API server does not run.
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

    /// The Pod's labels alone, for Pods that ask for nothing.
    static func labels(of pod: JSONValue) throws(AdmissionDenial) -> [String: String] {
        try PodField(pod).member("metadata").member("labels").texts()
    }

    /// An empty name means `default`; `serviceAccount` is the same field's older name.
    private static func serviceAccountName(_ spec: PodField) throws(AdmissionDenial) -> String {
        for key in ["serviceAccountName", "serviceAccount"] {
            if let name = try spec.member(key).text(), !name.isEmpty { return name }
        }
        return "default"
    }

    private static func containers(
        _ spec: PodField, _ name: String
    ) throws(AdmissionDenial) -> (containers: [ContainerReading], isThere: Bool) {
        guard let fields = try spec.member(name).elements() else { return ([], false) }
        var containers: [ContainerReading] = []
        for (index, field) in fields.enumerated() {
            containers.append(try ContainerReading(field, at: JSONPointer("spec", name).appending(index)))
        }
        return (containers, true)
    }
}
