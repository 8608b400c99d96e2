import GatewayCore
import JSON
import Testing

@Suite("Admission: the sidecar's resources")
struct SidecarResourceTests {
    private func resources(
        _ spec: [JSONValue.Member], annotations: [String: String] = [:],
        _ change: (inout InjectionPolicy) -> Void = { _ in }
    ) throws -> String? {
        let pod = InjectionExample.pod(
            annotations: annotations.merging(["example-role": "reader"]) { one, _ in one }, spec: spec)
        let mutation = try InjectionExample.mutation(change)
        let patched = try #require(try mutation.patch(pod, namespace: "shop").patch.applied(to: pod))
        let sidecar = patched["spec"]?["initContainers"]?.elementList?.first { $0["name"] == "sts-sidecar" }
        return sidecar?["resources"]?.text
    }

    private func containers(_ resources: JSONValue...) -> JSONValue.Member {
        .init("containers", .array(resources.enumerated().map { ["name": .string("c\($0)"), "resources": $1] }))
    }

    private static let standard = #"{"requests":{"cpu":"5m","memory":"16Mi"},"limits":{"memory":"32Mi"}}"#
    private static let guaranteed: JSONValue = ["limits": ["cpu": "1", "memory": "1Gi"]]

    @Test(
        "In a Guaranteed Pod requests equal limits, and are enough for the start",
        arguments: [
            guaranteed, ["limits": ["cpu": 1, "memory": "1Gi"], "requests": ["cpu": "1000m", "memory": "1024Mi"]],
            ["limits": ["cpu": "0.3", "memory": "1e9"], "requests": ["cpu": "300m", "memory": "1G"]],
        ] as [JSONValue])
    func guaranteedPod(resources: JSONValue) throws {
        let expected = #"{"requests":{"cpu":"50m","memory":"32Mi"},"limits":{"cpu":"50m","memory":"32Mi"}}"#
        #expect(try self.resources([containers(resources, Self.guaranteed)]) == expected)
        let larger = try self.resources([containers(resources)]) {
            $0.sidecar.resources.cpuLimit = "200m"
            $0.sidecar.resources.memoryLimit = "64Mi"
        }
        #expect(larger == #"{"requests":{"cpu":"200m","memory":"64Mi"},"limits":{"cpu":"200m","memory":"64Mi"}}"#)
    }

    @Test(
        "A Pod of another class has the configured resources",
        arguments: [
            [:], ["limits": ["memory": "1Gi"]], ["limits": ["cpu": "0", "memory": "1Gi"]],
            ["requests": ["cpu": "1", "memory": "1Gi"]],
        ] as [JSONValue])
    func burstable(other: JSONValue) throws {
        #expect(try resources([containers(Self.guaranteed, other)]) == Self.standard)
    }

    @Test("Where all containers have a CPU limit, the sidecar has one, so that a quota admits the Pod")
    func quota() throws {
        let limited: JSONValue = ["limits": ["cpu": "1"]]
        let expected = #"{"requests":{"cpu":"5m","memory":"16Mi"},"limits":{"cpu":"100m","memory":"32Mi"}}"#
        #expect(try resources([containers(limited, limited)]) == expected)
        let configured = try resources([containers(limited)]) { $0.sidecar.resources.cpuLimit = "20m" }
        #expect(configured == #"{"requests":{"cpu":"5m","memory":"16Mi"},"limits":{"cpu":"20m","memory":"32Mi"}}"#)
        let initContainers: JSONValue.Member = .init("initContainers", [["name": "migrate"]])
        #expect(try resources([containers(limited), initContainers]) == Self.standard, "an init container has none")
    }

    @Test("Resources at Pod level are shared: the sidecar has none of its own beside them")
    func podLevel() throws {
        let both: JSONValue = ["requests": ["cpu": "200m"], "limits": ["cpu": "200m", "memory": "128Mi"]]
        #expect(try resources([.init("resources", both)]) == #"{"requests":{},"limits":{}}"#)
        #expect(
            try resources([.init("resources", both), containers(Self.guaranteed)]) == #"{"requests":{},"limits":{}}"#)
        let memory: JSONValue = ["limits": ["memory": "128Mi"]]
        #expect(try resources([.init("resources", memory)]) == #"{"requests":{"cpu":"5m"},"limits":{}}"#)
    }

    @Test("A Pod's annotations set the sidecar's resources; the other value follows where it would be invalid")
    func annotations() throws {
        #expect(
            try resources([], annotations: ["sidecar-memory": "48Mi"])
                == #"{"requests":{"cpu":"5m","memory":"48Mi"},"limits":{"memory":"48Mi"}}"#)
        #expect(
            try resources([], annotations: ["sidecar-memory-limit": "8Mi", "sidecar-cpu-limit": "2m"])
                == #"{"requests":{"cpu":"2m","memory":"8Mi"},"limits":{"cpu":"2m","memory":"8Mi"}}"#)
        #expect(
            try resources([containers(Self.guaranteed)], annotations: ["sidecar-cpu": "80m"])
                == #"{"requests":{"cpu":"80m","memory":"32Mi"},"limits":{"cpu":"80m","memory":"32Mi"}}"#)
        #expect(
            try resources(
                [], annotations: ["sidecar-ephemeral-storage": "1Mi", "sidecar-ephemeral-storage-limit": "4Mi"])
                == #"{"requests":{"cpu":"5m","memory":"16Mi","ephemeral-storage":"1Mi"},"#
                + #""limits":{"memory":"32Mi","ephemeral-storage":"4Mi"}}"#)
    }

    @Test("The configuration sets the local storage")
    func ephemeralStorage() throws {
        let resources = try resources([]) {
            $0.sidecar.resources.requestedEphemeralStorage = "2Mi"
            $0.sidecar.resources.ephemeralStorageLimit = "1Mi"
        }
        #expect(
            resources
                == #"{"requests":{"cpu":"5m","memory":"16Mi","ephemeral-storage":"2Mi"},"#
                + #""limits":{"memory":"32Mi","ephemeral-storage":"2Mi"}}"#)
    }

    @Test(
        "An annotation that is no quantity is denied",
        arguments: ["", "x", "-5m", "0", "5 m", "1e", "5mm", "nan", "inf"])
    func noQuantity(text: String) throws {
        let denial = #expect(throws: AdmissionDenial.self) { try resources([], annotations: ["sidecar-cpu": text]) }
        #expect(
            denial?.message
                == "tremolo.io/sidecar-cpu: invalid quantity \"\(text)\"; expected a positive Kubernetes quantity, "
                + "such as 50m or 32Mi")
    }

    @Test("The sidecar's user, group and seccomp profile are configurable, and the Pod's annotations take precedence")
    func securityContext() throws {
        func context(_ annotations: [String: String] = [:]) throws -> JSONValue? {
            let pod = InjectionExample.pod(
                annotations: annotations.merging(["example-role": "reader"]) { one, _ in one })
            let mutation = try InjectionExample.mutation {
                $0.sidecar.security = .init(user: 1_000, group: 2_000, hasSeccompProfile: false)
            }
            let patched = try mutation.patch(pod, namespace: "shop").patch.applied(to: pod)
            return patched?["spec"]?["initContainers"]?.elementList?.first?["securityContext"]
        }
        #expect(try context()?["runAsUser"] == 1_000 && context()?["runAsGroup"] == 2_000)
        #expect(try context()?["seccompProfile"] == nil && context()?["runAsNonRoot"] == true)
        #expect(try context(["user": "7"])?["runAsUser"] == 7)
    }
}
