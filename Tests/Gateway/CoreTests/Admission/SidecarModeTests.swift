import GatewayCore
import JSON
import KubernetesAPI
import Testing

@Suite("Admission: the sidecar's mode and position")
struct SidecarModeTests {
    private func names(_ list: String, of pod: JSONValue) -> [String] {
        guard case .array(let containers) = pod["spec"]?[list] else { return [] }
        return containers.compactMap { if case .string(let name) = $0["name"] { name } else { nil } }
    }

    private func patched(
        _ pod: JSONValue, _ change: (inout InjectionPolicy) -> Void
    ) throws -> (pod: JSONValue, warnings: [String]) {
        let mutation = try InjectionExample.mutation(change)
        let outcome = try mutation.patch(pod, namespace: "shop")
        let patched = try #require(outcome.patch.applied(to: pod))
        #expect(try mutation.patch(patched, namespace: "shop").patch.isEmpty, "a second review adds nothing")
        return (patched, outcome.warnings)
    }

    @Test("A classic sidecar is an init container that fetches once, and the last container")
    func classic() throws {
        let pod = InjectionExample.pod(spec: [.init("initContainers", [["name": "migrate"]])])
        let (patched, warnings) = try patched(pod) { $0.sidecar.mode = .classic }
        #expect(names("initContainers", of: patched) == ["sts-sidecar-init", "migrate"])
        #expect(names("containers", of: patched) == ["app", "sts-sidecar"])
        #expect(warnings == [])
        guard case .array(let first) = patched["spec"]?["initContainers"],
            case .array(let containers) = patched["spec"]?["containers"]
        else { return }
        #expect(first[0]["args"] == ["once"] && containers[1]["args"] == ["run"])
        for container in [first[0], containers[1]] {
            #expect(container["restartPolicy"] == nil && container["startupProbe"] == nil)
        }
        #expect(first[0]["env"] == containers[1]["env"])
        #expect(first[1].text.contains("EXAMPLE_ROLE"), "the other init container has its variables")
    }

    @Test("The missing part of a classic sidecar is added", arguments: [true, false])
    func halfClassic(withoutContainer: Bool) throws {
        let mutation = try InjectionExample.mutation { $0.sidecar.mode = .classic }
        let pod = InjectionExample.pod()
        let whole = try #require(try mutation.patch(pod, namespace: "shop").patch.applied(to: pod))
        guard case .object(let members) = whole["spec"] else { return }
        let halved = members.map { member in
            guard member.name == (withoutContainer ? "containers" : "initContainers"),
                case .array(let elements) = member.value
            else { return member }
            return JSONValue.Member(member.name, .array(withoutContainer ? [elements[0]] : []))
        }
        let half: JSONValue = ["metadata": whole["metadata"] ?? .null, "spec": .object(halved)]
        let repaired = try mutation.patch(half, namespace: "shop").patch.applied(to: half)
        #expect(repaired?.sorted == whole.sorted)
    }

    @Test("A classic sidecar in a Pod that terminates causes a warning", arguments: ["Never", "OnFailure"])
    func endingPod(restartPolicy: String) throws {
        let pod = InjectionExample.pod(spec: [.init("restartPolicy", .string(restartPolicy))])
        let (_, classic) = try patched(pod) { $0.sidecar.mode = .classic }
        #expect(
            classic == [
                "restartPolicy is \"\(restartPolicy)\", but sts-sidecar does not terminate, so the Pod does not either; "
                    + "use native sidecars (Kubernetes 1.32 or later)"
            ])
        let (_, native) = try patched(pod) { $0.sidecar.mode = .native }
        #expect(native == [])
    }

    @Test(
        "auto is native from Kubernetes 1.32 on, and classic where the version is not known",
        arguments: [
            (nil, false), ("1.31", false), ("v1.31.9", false), ("1.32", true), ("v1.32.0-vendor.1", true),
            ("1.36+", true),
            ("2.0", true), ("1.9", false),
        ] as [(String?, Bool)])
    func auto(version: String?, isNative: Bool) throws {
        let known = try version.map { try #require(KubernetesVersion($0)) }
        let (pod, _) = try patched(InjectionExample.pod()) {
            $0.sidecar.mode = .auto
            $0.serverVersion = known
        }
        #expect(names("containers", of: pod) == (isNative ? ["app"] : ["app", "sts-sidecar"]))
    }

    @Test("An invalid version is rejected", arguments: ["", "1", "v", "x.y", "1.x", "-1.32", "1.+", "1.99999"])
    func noVersion(text: String) {
        #expect(KubernetesVersion(text) == nil)
    }

    /// Position, annotation, init containers (native ones with an asterisk), and the sidecar's index.
    static let places: [(GatewayConfiguration.Injection.Position, String?, [String], Int)] = [
        (.first, nil, [], 0), (.first, nil, ["a", "b"], 0), (.last, nil, ["a", "b"], 2), (.last, nil, [], 0),
        (.after("a"), nil, ["a", "b"], 1), (.after("z"), nil, ["a", "b"], 0), (.first, "b", ["a", "b", "c"], 2),
        (.last, "a", ["a", "b"], 1), (.first, nil, ["a", "istio-proxy*", "b"], 2), (.first, nil, ["linkerd-proxy*"], 1),
        (.first, nil, ["istio-proxy", "b"], 0), (.after("a"), nil, ["a", "istio-proxy*", "b"], 2),
        (.after("b"), nil, ["istio-proxy*", "b", "c"], 2), (.last, nil, ["istio-proxy*", "b"], 2),
        (.first, "a", ["a", "istio-proxy*"], 1), (.first, nil, ["other*"], 0),
    ]

    @Test(
        "The sidecar's position follows the setting, the annotation and a mesh's native proxy",
        arguments: places.indices)
    func place(index: Int) throws {
        let (position, after, containers, expected) = Self.places[index]
        var annotations = ["example-role": "reader"]
        annotations["sidecar-after"] = after
        let list = containers.map { name -> JSONValue in
            guard name.hasSuffix("*") else { return ["name": .string(name)] }
            return ["name": .string(String(name.dropLast())), "restartPolicy": "Always"]
        }
        let pod = InjectionExample.pod(annotations: annotations, spec: [.init("initContainers", .array(list))])
        let (patched, _) = try patched(pod) { $0.position = position }
        #expect(names("initContainers", of: patched).firstIndex(of: "sts-sidecar") == expected)
    }

    @Test(
        "In the mode auto an injected Pod keeps its kind of sidecar, independently of the version",
        arguments: [nil, KubernetesVersion(1, 33)])
    func keepsItsForm(version: KubernetesVersion?) throws {
        for made in [GatewayConfiguration.Injection.SidecarMode.native, .classic] {
            let pod = InjectionExample.pod()
            let first = try InjectionExample.mutation { $0.sidecar.mode = made }
            let patched = try #require(try first.patch(pod, namespace: "shop").patch.applied(to: pod))
            let second = try InjectionExample.mutation {
                $0.sidecar.mode = .auto
                $0.serverVersion = version
            }
            #expect(try second.patch(patched, namespace: "shop").patch.isEmpty)
        }
    }
}
