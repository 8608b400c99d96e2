/// The annotations of OpenUnison's injector that its Pods may bear. Their meaning is that of the chart
/// openunison-kube-sts (templates/applications/sts-injector.yaml): `user` and `group` are the ids that the sidecar runs
/// as, 0 being as good as none; `create-volume: "false"` says that the Pod brings the volume of tokens itself.
/// `non-root` is not in it: it is taken, and the sidecar never runs as root whatever it says.
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
            warnings.append("\(policy.key("non-root")) is false, but the sidecar never runs as root; leave it out")
        }
        if !createsVolume, pod.volumes[InjectedNames.tokenVolume] == nil {
            warnings.append(
                "\(policy.key("create-volume")) is false and the Pod has no volume \(InjectedNames.tokenVolume) yet; "
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
                "\(policy.key(name)): \(PodQuotation.of(text)) is no id; write a number from 1 to \(Int32.max)")
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
                .forbidden, "\(policy.key(name)): \(PodQuotation.of(text)) is neither \"true\" nor \"false\"")
        }
    }
}
