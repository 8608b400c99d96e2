import GatewayCore
import JSON

/// The workload of a run, and what its checks have found.
struct ExaminedWorkload: Sendable {
    var account: ServiceAccountName?
    var pod: WorkloadPod?
    var findings: [DoctorFinding] = []
    /// The values of the annotations by endpoint.
    var annotations: [String: String] = [:]
    /// The values of the annotations of the injector's options, by endpoint and option.
    var options: [String: [String: String]] = [:]
    /// The minted tokens by endpoint; they are in no finding.
    var tokens: [String: IssuedJWT] = [:]

    var namespace: String? { account?.namespace }

    /// Whether the Pod has the gateway's sidecar, or a volume of its node driver.
    static func isInjected(_ pod: JSONValue) -> Bool {
        hasSidecar(pod)
            || (pod["spec"]?["volumes"]?.elementList ?? []).contains { $0["name"] == "sts-tokens" && $0["csi"] != nil }
    }

    /// Whether the Pod has the gateway's sidecar.
    static func hasSidecar(_ pod: JSONValue) -> Bool {
        ["initContainers", "containers"].contains { list in
            (pod["spec"]?[list]?.elementList ?? []).contains { $0["name"] == "sts-sidecar" }
        }
    }
}
