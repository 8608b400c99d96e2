/// The OpenUnison-compatible annotations of a Pod, with the meaning of the chart openunison-kube-sts
/// (templates/applications/sts-injector.yaml): `user` and `group` are the IDs of the sidecar's process, where 0 means not
/// set; with `create-volume: "false"` the Pod has the token volume itself. `non-root` is accepted and has no effect, since
/// the sidecar never runs as root.
struct OpenUnisonAnnotations {
    let user: Int?
    let group: Int?
    let createsVolume: Bool
    let warnings: [String]

    init(_ pod: PodReading, policy: InjectionPolicy) throws(AdmissionDenial) {
        user = try Self.id("user", pod, policy)
        group = try Self.id("group", pod, policy)
        createsVolume = try Self.flag("create-volume", pod, policy) ?? true
        var warnings: [String] = []
        if try Self.flag("non-root", pod, policy) == false {
            warnings.append(
                "\(policy.key("non-root")) is false, but the sidecar never runs as root; remove the annotation")
        }
        if !createsVolume, pod.volumes[InjectedNames.tokenVolume] == nil {
            warnings.append(
                "\(policy.key("create-volume")) is false, but the Pod has no volume \(InjectedNames.tokenVolume); "
                    + "add an emptyDir of that name")
        }
        self.warnings = warnings
    }

    private static func id(
        _ name: String, _ pod: PodReading, _ policy: InjectionPolicy
    ) throws(AdmissionDenial) -> Int? {
        guard let text = pod.annotations[policy.key(name)] else { return nil }
        guard (1...10).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let id = Int(text), id <= Int(Int32.max)
        else {
            throw AdmissionDenial(
                .forbidden,
                "\(policy.key(name)): invalid ID \(PodQuotation.of(text)); expected a number from 1 to \(Int32.max)")
        }
        return id == 0 ? nil : id
    }

    private static func flag(
        _ name: String, _ pod: PodReading, _ policy: InjectionPolicy
    ) throws(AdmissionDenial) -> Bool? {
        switch pod.annotations[policy.key(name)] {
        case nil: return nil
        case "true": return true
        case "false": return false
        case let text?:
            throw AdmissionDenial(
                .forbidden,
                "\(policy.key(name)): invalid value \(PodQuotation.of(text)); expected \"true\" or \"false\"")
        }
    }
}
