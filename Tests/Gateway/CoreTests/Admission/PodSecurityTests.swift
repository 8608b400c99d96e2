import GatewayCore
import JSON
import Testing

/// The rules of the Pod Security Standard `restricted`, including those of `baseline`:
/// https://kubernetes.io/docs/concepts/security/pod-security-standards/
enum RestrictedRule: String, CaseIterable, CustomTestStringConvertible {
    case hostNamespaces, privileged, addedCapabilities, droppedCapabilities, hostPath, volumeTypes, hostPorts
    case privilegeEscalation, runAsNonRoot, runAsUser, seccomp, procMount, sysctls, seLinux, appArmor, hostProcess

    var testDescription: String { rawValue }

    func holds(for pod: JSONValue) -> Bool {
        let spec = pod["spec"] ?? .null
        let podContext = spec["securityContext"] ?? .null
        let containers = ["initContainers", "containers", "ephemeralContainers"].flatMap { Self.list(spec[$0]) }
        let contexts = containers.map { $0["securityContext"] ?? .null }
        return switch self {
        case .hostNamespaces: ["hostNetwork", "hostPID", "hostIPC"].allSatisfy { spec[$0] ?? false == false }
        case .privileged: contexts.allSatisfy { $0["privileged"] ?? false == false }
        case .addedCapabilities:
            contexts.allSatisfy { Self.list($0["capabilities"]?["add"]).allSatisfy { $0 == "NET_BIND_SERVICE" } }
        case .droppedCapabilities: contexts.allSatisfy { Self.list($0["capabilities"]?["drop"]).contains("ALL") }
        case .hostPath: Self.list(spec["volumes"]).allSatisfy { $0["hostPath"] == nil }
        case .volumeTypes: Self.list(spec["volumes"]).allSatisfy(Self.isAllowed)
        case .hostPorts:
            containers.flatMap { Self.list($0["ports"]) }.allSatisfy { $0["hostPort"] ?? 0 == 0 }
        case .privilegeEscalation: contexts.allSatisfy { $0["allowPrivilegeEscalation"] == false }
        case .runAsNonRoot: contexts.allSatisfy { ($0["runAsNonRoot"] ?? podContext["runAsNonRoot"]) == true }
        case .runAsUser: (contexts + [podContext]).allSatisfy { $0["runAsUser"] != 0 }
        case .seccomp:
            contexts.allSatisfy {
                ["RuntimeDefault", "Localhost"].contains(
                    ($0["seccompProfile"] ?? podContext["seccompProfile"])?["type"])
            }
        case .procMount: contexts.allSatisfy { $0["procMount"] ?? "Default" == "Default" }
        case .sysctls: Self.list(podContext["sysctls"]).isEmpty
        case .seLinux: (contexts + [podContext]).allSatisfy { $0["seLinuxOptions"] == nil }
        case .appArmor: (contexts + [podContext]).allSatisfy { $0["appArmorProfile"] == nil }
        case .hostProcess: (contexts + [podContext]).allSatisfy { $0["windowsOptions"] == nil }
        }
    }

    private static let allowedVolumes: Set<String> = [
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
    ]

    private static func isAllowed(_ volume: JSONValue) -> Bool {
        guard case .object(let members) = volume else { return false }
        return members.allSatisfy { $0.name == "name" || allowedVolumes.contains($0.name) }
    }

    private static func list(_ value: JSONValue?) -> [JSONValue] {
        if case .array(let elements) = value { elements } else { [] }
    }
}

@Suite("Admission: Pod Security restricted")
struct PodSecurityTests {
    @Test(
        "A Pod that conforms to a rule conforms after injection, with a native and a classic sidecar",
        arguments: RestrictedRule.allCases, [GatewayConfiguration.Injection.SidecarMode.native, .classic])
    func kept(rule: RestrictedRule, mode: GatewayConfiguration.Injection.SidecarMode) throws {
        let pod = try PodFixture.pod("restricted")
        #expect(rule.holds(for: pod), "the fixture passes")
        let mutation = try InjectionExample.mutation { $0.sidecar.mode = mode }
        let patched = try #require(try mutation.patch(pod, namespace: "shop").patch.applied(to: pod))
        #expect(patched != pod && rule.holds(for: patched))
    }

    @Test("The sidecar conforms to each rule, independently of the Pod", arguments: RestrictedRule.allCases)
    func byItself(rule: RestrictedRule) throws {
        let pod = InjectionExample.pod(
            annotations: ["example-role": "reader", "user": "0", "group": "7"],
            spec: [.init("containers", []), .init("securityContext", ["runAsUser": 0, "runAsNonRoot": false])])
        let patched = try #require(
            try InjectionExample.mutation().patch(pod, namespace: "shop").patch.applied(to: pod))
        // Without the Pod's securityContext, which violates the rule.
        let spec = (patched["spec"] ?? .null)
        let own: JSONValue = [
            "spec": ["initContainers": spec["initContainers"] ?? .null, "volumes": spec["volumes"] ?? .null]
        ]
        #expect(rule.holds(for: own))
    }

    @Test("The rules of these tests detect violations")
    func rules() {
        let bad: JSONValue = [
            "spec": [
                "hostNetwork": true, "securityContext": ["sysctls": [["name": "x"]]],
                "volumes": [["name": "v", "hostPath": ["path": "/"]]],
                "containers": [
                    [
                        "name": "x", "ports": [["hostPort": 80]],
                        "securityContext": [
                            "privileged": true, "capabilities": ["add": ["SYS_ADMIN"]], "runAsUser": 0,
                            "procMount": "Unmasked", "seLinuxOptions": ["user": "x"], "windowsOptions": [:],
                            "appArmorProfile": ["type": "Unconfined"],
                        ],
                    ]
                ],
            ]
        ]
        for rule in RestrictedRule.allCases { #expect(!rule.holds(for: bad), "\(rule)") }
    }
}
