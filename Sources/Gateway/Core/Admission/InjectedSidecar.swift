import JSON
import KubernetesAPI

/// The sidecar's containers that a Pod has from an earlier injection.
///
/// A container of a reserved name belongs to injection where the Pod has the annotation `injected` and the container's last
/// argument is that of injection. Other webhooks may have changed everything else: image, command prefix, resources,
/// probes, securityContext and further variables stay as they are.
struct InjectedSidecar {
    /// `sts-sidecar` among the init containers.
    private(set) var native: ContainerReading?
    /// `sts-sidecar` among the containers.
    private(set) var classic: ContainerReading?
    /// `sts-sidecar-init`.
    private(set) var firstFetch: ContainerReading?

    /// - Throws: where the Pod has a container of its own with a reserved name.
    init(of pod: PodReading, _ record: InjectionRecord, _ policy: InjectionPolicy) throws(AdmissionDenial) {
        for container in pod.initContainers where InjectedNames.containers.contains(container.name) {
            try Self.check(container, record, policy)
            if container.name == InjectedNames.sidecar { native = container } else { firstFetch = container }
        }
        for container in pod.containers where InjectedNames.containers.contains(container.name) {
            try Self.check(container, record, policy)
            guard container.name == InjectedNames.sidecar else {
                throw Self.denial(container, "\(container.location) is not an init container")
            }
            classic = container
        }
    }

    private static func check(
        _ container: ContainerReading, _ record: InjectionRecord, _ policy: InjectionPolicy
    ) throws(AdmissionDenial) {
        guard record.isPresent else {
            throw denial(container, "the annotation \(policy.key(InjectionRecord.key)) is missing")
        }
        let expected = container.name == InjectedNames.sidecar ? "run" : "once"
        guard container.lastArgument != expected else { return }
        throw denial(container, "\(container.location).args does not end in \"\(expected)\"")
    }

    private static func denial(_ container: ContainerReading, _ fact: String) -> AdmissionDenial {
        AdmissionDenial(
            .forbidden,
            "the Pod has its own container \(container.name) (\(fact)), but the name is reserved for injection; "
                + "use a different name, or remove the container if it was injected before")
    }

    /// Whether the sidecar is a native one; nil where the Pod has no sidecar yet.
    var isNative: Bool? {
        if native != nil { return true }
        return classic == nil && firstFetch == nil ? nil : false
    }

    /// The endpoints of the sidecar, by name, with their paths.
    var endpoints: [String: String] {
        var endpoints: [String: String] = [:]
        for container in [native, classic, firstFetch] {
            guard let value = container?.literal(SidecarContainers.endpointsSetting) else { continue }
            for entry in value.split(separator: ",") {
                let parts = entry.split(separator: "=", maxSplits: 1)
                let path = parts.count == 2 ? String(parts[1]) : "/\(parts.first ?? "")"
                guard let name = parts.first, KubernetesName.isLabel(name), Self.isPath(path) else { continue }
                endpoints[String(name)] = path
            }
        }
        return endpoints
    }

    /// How long tokens remain valid when they are renewed, in seconds, by the endpoint's name.
    var renewals: [String: Int] { seconds(SidecarContainers.renewalsSetting) }

    /// The lifetimes that the Pod requests, in seconds, by the endpoint's name.
    var lifetimes: [String: Int] { seconds(SidecarContainers.lifetimesSetting) }

    private func seconds(_ setting: String) -> [String: Int] {
        [native, classic, firstFetch].reduce(into: [:]) { found, container in
            found.merge(SidecarEndpoints.seconds(container?.literal(setting) ?? "")) { $1 }
        }
    }

    /// The files of the earlier injection, of those endpoints.
    func files(of names: some Collection<String>) -> [InjectedFile] {
        let settings = [native, classic, firstFetch].lazy.compactMap {
            $0?.literal(SidecarContainers.filesSetting)
        }
        return settings.first.map { InjectedFile.list(setting: $0, of: names) } ?? []
    }

    /// Whether the sidecar accepts the path.
    private static func isPath(_ path: String) -> Bool {
        path.hasPrefix("/") && !path.hasSuffix("/")
            && path.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }
}
