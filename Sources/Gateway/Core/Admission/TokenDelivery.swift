import JSON

/// What writes the token files of a Pod.
enum TokenDelivery {
    case sidecar(SidecarContainers)
    case csi(NodeVolume)

    /// The annotation that selects it for a Pod.
    static let key = "delivery"

    /// The kind of delivery of a Pod. One that is injected already keeps its kind.
    ///
    /// - Parameters:
    ///   - sidecar: the sidecar of an earlier injection.
    ///   - createsVolume: whether the Pod lacks a volume of its own for the tokens, which only a sidecar can write to.
    static func kind(
        of pod: PodReading, _ sidecar: InjectedSidecar, _ record: InjectionRecord, createsVolume: Bool,
        _ policy: InjectionPolicy
    ) throws(AdmissionDenial) -> GatewayConfiguration.Injection.Delivery {
        if sidecar.isNative != nil { return .sidecar }
        if record.isPresent, NodeVolume.found(in: pod, driver: policy.nodeDriver) != nil { return .csi }
        guard let text = pod.annotations[policy.key(key)] else {
            return createsVolume ? policy.delivery : .sidecar
        }
        guard let kind = GatewayConfiguration.Injection.Delivery(rawValue: text) else {
            throw AdmissionDenial(
                .forbidden,
                "\(policy.key(key)): invalid value \(PodQuotation.of(text)); expected \"sidecar\" or \"csi\"")
        }
        guard kind == .sidecar || policy.nodeDriver != nil else {
            throw AdmissionDenial(
                .forbidden,
                "\(policy.key(key)): csi is not available, since the gateway's configuration names no node driver; use "
                    + "\"sidecar\", or let the gateway's operator install it")
        }
        return kind
    }

    /// The volumes of the Pod.
    var volumes: [JSONValue] {
        switch self {
        case .sidecar(let sidecar): [SidecarContainers.tokenVolume, sidecar.subjectTokenVolume]
        case .csi(let volume): [volume.json]
        }
    }
}
