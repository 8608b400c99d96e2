import JSON

/// The resource requests and limits of the sidecar in one Pod: those of the configuration, changed so that the Pod keeps
/// its quality of service and stays within its own resources. The Pod's annotations take precedence.
struct SidecarResourcePlan {
    private struct Setting {
        var request: String?
        var limit: String?
    }

    /// The `resources` of each container of the sidecar.
    let json: JSONValue

    /// Below these limits the sidecar is throttled or killed at its start.
    private static let guaranteedMinimum = ["cpu": "50m", "memory": "32Mi"]
    /// The CPU limit where the Pod needs one and the configuration has none.
    private static let standardCPULimit = "100m"

    init(_ resources: SidecarResources, for pod: PodReading, _ policy: InjectionPolicy) throws(AdmissionDenial) {
        let configured = [
            ("cpu", Setting(request: resources.requestedCPU, limit: resources.cpuLimit)),
            ("memory", Setting(request: resources.requestedMemory, limit: resources.memoryLimit)),
            (
                "ephemeral-storage",
                Setting(request: resources.requestedEphemeralStorage, limit: resources.ephemeralStorageLimit)
            ),
        ]
        let others = (pod.initContainers + pod.containers).filter { !InjectedNames.containers.contains($0.name) }
        let isGuaranteed = Self.isGuaranteed(pod, others)
        var requests: [JSONValue.Member] = []
        var limits: [JSONValue.Member] = []
        for (name, setting) in configured {
            let annotated = Setting(
                request: try Self.annotation("sidecar-\(name)", pod, policy),
                limit: try Self.annotation("sidecar-\(name)-limit", pod, policy))
            var setting = Self.isLimited(name, by: pod.resources) ? Setting() : setting
            if name == "cpu", !isGuaranteed, setting.limit == nil, setting.request != nil, Self.allLimit(name, others) {
                setting.limit = Self.standardCPULimit
            }
            if isGuaranteed, let minimum = Self.guaranteedMinimum[name] {
                let value = Self.larger(setting.limit ?? setting.request ?? minimum, minimum)
                setting = Setting(request: value, limit: value)
            }
            Self.merge(annotated, into: &setting, isGuaranteed: isGuaranteed)
            if let request = setting.request { requests.append(.init(name, .string(request))) }
            if let limit = setting.limit { limits.append(.init(name, .string(limit))) }
        }
        json = .object([.init("requests", .object(requests)), .init("limits", .object(limits))])
    }

    private static func annotation(
        _ name: String, _ pod: PodReading, _ policy: InjectionPolicy
    ) throws(AdmissionDenial) -> String? {
        guard let text = pod.annotations[policy.key(name)] else { return nil }
        guard text.utf8.count <= 64, ResourceQuantity(text)?.isPositive == true else {
            throw AdmissionDenial(
                .forbidden,
                "\(policy.key(name)): invalid quantity \(PodQuotation.of(text)); "
                    + "expected a positive Kubernetes quantity, such as 50m or 32Mi")
        }
        return text
    }

    /// A request above its limit is refused by the API server, so a value that was not annotated follows the other one.
    private static func merge(_ annotated: Setting, into setting: inout Setting, isGuaranteed: Bool) {
        switch (annotated.request, annotated.limit) {
        case (let request?, let limit?): setting = Setting(request: request, limit: limit)
        case (let request?, nil):
            setting.request = request
            if isGuaranteed { setting.limit = setting.limit == nil ? nil : request }
            if let limit = setting.limit { setting.limit = larger(limit, request) }
        case (nil, let limit?):
            setting.limit = limit
            if isGuaranteed { setting.request = limit }
            if let request = setting.request, larger(request, limit) == request { setting.request = limit }
        case (nil, nil):
            if let request = setting.request, let limit = setting.limit { setting.limit = larger(limit, request) }
        }
    }

    /// The first one where they are equal or one is not a quantity.
    private static func larger(_ one: String, _ other: String) -> String {
        guard let left = ResourceQuantity(one), let right = ResourceQuantity(other) else { return one }
        return left < right ? other : one
    }

    /// Whether the Pod has the resource at Pod level (`spec.resources`), which then applies to all of its containers.
    private static func isLimited(_ name: String, by resources: JSONNode?) -> Bool {
        ["requests", "limits"].contains { resources?[$0]?[name].map { !$0.isNull } ?? false }
    }

    private static func allLimit(_ name: String, _ containers: [ContainerReading]) -> Bool {
        !containers.isEmpty
            && containers.allSatisfy { ResourceQuantity($0.json["resources"]?["limits"]?[name])?.isPositive == true }
    }

    /// Whether the Pod's quality of service is Guaranteed by its containers: each has limits for CPU and memory, and its
    /// requests, if any, are equal.
    private static func isGuaranteed(_ pod: PodReading, _ containers: [ContainerReading]) -> Bool {
        guard pod.resources == nil else { return false }
        return ["cpu", "memory"].allSatisfy { name in
            allLimit(name, containers)
                && containers.allSatisfy { container in
                    let resources = container.json["resources"]
                    guard let request = resources?["requests"]?[name], !request.isNull else { return true }
                    return ResourceQuantity(request) == ResourceQuantity(resources?["limits"]?[name])
                }
        }
    }
}
