import GatewayCore
import JSON
import Testing

@Suite("Admission: delivery by the node driver")
struct NodeDeliveryTests {
    private static func mutation(_ delivery: GatewayConfiguration.Injection.Delivery = .csi) throws -> PodMutation {
        try InjectionExample.mutation {
            $0.delivery = delivery
            $0.nodeDriver = "sts-node.tremolo.io"
        }
    }

    private func patched(_ pod: JSONValue, _ mutation: PodMutation) throws -> JSONValue {
        let outcome = try mutation.patch(pod, namespace: "shop")
        let patched = try #require(outcome.patch.applied(to: pod))
        #expect(try mutation.patch(patched, namespace: "shop").patch.isEmpty, "a second review adds nothing")
        return patched
    }

    private static func volume(_ endpoints: String, files: String? = nil, lifetimes: String? = nil) -> JSONValue {
        var attributes: [JSONValue.Member] = [.init("endpoints", .string(endpoints))]
        if let files { attributes.append(.init("files", .string(files))) }
        if let lifetimes { attributes.append(.init("lifetimes", .string(lifetimes))) }
        return [
            "name": "sts-tokens",
            "csi": ["driver": "sts-node.tremolo.io", "readOnly": true, "volumeAttributes": .object(attributes)],
        ]
    }

    private func denial(_ pod: JSONValue, _ mutation: PodMutation) -> String? {
        do throws(AdmissionDenial) {
            _ = try mutation.patch(pod, namespace: "shop")
            return nil
        } catch {
            return error.message
        }
    }

    @Test("A Pod has one csi volume, no sidecar, and the same variables and mounts")
    func volume() throws {
        let pod = InjectionExample.pod(
            labels: ["example-role", "two-role"], annotations: ["example-role": "a$(B)", "two-role": "b"],
            spec: [
                .init("initContainers", [["name": "migrate"]]),
                .init("containers", [["name": "app"], ["name": "log"]]),
                .init("automountServiceAccountToken", false), .init("restartPolicy", "Never"),
            ])
        let outcome = try Self.mutation().patch(pod, namespace: "shop")
        #expect(outcome.warnings == [])
        let csi = try patched(pod, try Self.mutation())
        #expect(csi["spec"]?["volumes"] == [Self.volume("one,two")])
        let sidecar = try patched(pod, try Self.mutation(.sidecar))
        #expect(csi["metadata"] == sidecar["metadata"])
        #expect(csi["spec"]?["containers"] == sidecar["spec"]?["containers"])
        let initContainers = sidecar["spec"]?["initContainers"]?.elementList ?? []
        #expect(csi["spec"]?["initContainers"]?.elementList == Array(initContainers.dropFirst()))
    }

    @Test("The Pods of the fixtures differ in what delivers only", arguments: PodFixture.admitted)
    func fixtures(name: String) throws {
        let pod = try PodFixture.pod(name)
        let csi = try #require(
            try Self.mutation().patch(pod, namespace: "default").patch.applied(to: pod))
        let sidecar = try #require(
            try Self.mutation(.sidecar).patch(pod, namespace: "default").patch.applied(to: pod))
        #expect(Self.withoutDelivery(csi).sorted == Self.withoutDelivery(sidecar).sorted)
        #expect(try Self.mutation().patch(csi, namespace: "default").patch.isEmpty)
    }

    @Test("Chance Pods differ in what delivers only", arguments: PodMutationPropertyTests.seeds)
    func chancePods(seed: UInt64) throws {
        var pods = RandomPod(seed: seed)
        for number in 0..<50 {
            let pod = pods.pod()
            let outcome = try Self.mutation().patch(pod, namespace: "shop")
            let csi = try #require(outcome.patch.applied(to: pod))
            let sidecar = try #require(
                try Self.mutation(.sidecar).patch(pod, namespace: "shop").patch.applied(to: pod))
            #expect(Survival.holds(pod, in: csi, at: ""), "Pod \(number)")
            #expect(Self.withoutDelivery(csi).sorted == Self.withoutDelivery(sidecar).sorted, "Pod \(number)")
            #expect(try Self.mutation().patch(csi, namespace: "shop").patch.isEmpty, "Pod \(number)")
        }
    }

    /// The Pod without the sidecar, the volumes of injection, and lists that are empty.
    static func withoutDelivery(_ pod: JSONValue) -> JSONValue {
        let lists = ["volumes", "containers", "initContainers"]
        let spec = (pod["spec"]?.memberList ?? []).compactMap { member -> JSONValue.Member? in
            guard lists.contains(member.name) else { return member }
            let rest = (member.value.elementList ?? []).filter { element in
                let names = ["sts-tokens", "sts-subject-token", "sts-sidecar", "sts-sidecar-init"]
                return !names.contains(element["name"]?.stringValue ?? "")
            }
            return rest.isEmpty ? nil : .init(member.name, .array(rest))
        }
        return .object(pod.memberList.map { $0.name == "spec" ? .init("spec", .object(spec)) : $0 })
    }

    @Test("The annotation of a Pod takes precedence")
    func annotation() throws {
        let sidecar = InjectionExample.pod(annotations: ["example-role": "reader", "delivery": "sidecar"])
        #expect(try patched(sidecar, try Self.mutation())["spec"]?["initContainers"]?.elementList?.count == 1)
        let csi = InjectionExample.pod(annotations: ["example-role": "reader", "delivery": "csi"])
        #expect(try patched(csi, try Self.mutation(.sidecar))["spec"]?["volumes"] == [Self.volume("one")])
        #expect(
            denial(csi, try InjectionExample.mutation())
                == "tremolo.io/delivery: csi is not available, since the gateway's configuration names no node driver; "
                + "use \"sidecar\", or let the gateway's operator install it")
        let other = InjectionExample.pod(annotations: ["example-role": "reader", "delivery": "CSI"])
        #expect(
            denial(other, try Self.mutation())
                == "tremolo.io/delivery: invalid value \"CSI\"; expected \"sidecar\" or \"csi\"")
    }

    @Test("An injected Pod keeps its kind of delivery, and gets endpoints of new labels")
    func kept() throws {
        let csi = try patched(InjectionExample.pod(), try Self.mutation())
        let sidecar = try patched(InjectionExample.pod(), try Self.mutation(.sidecar))
        #expect(try Self.mutation(.sidecar).patch(csi, namespace: "shop").patch.isEmpty)
        #expect(try Self.mutation().patch(sidecar, namespace: "shop").patch.isEmpty)
        let more = JSONPatch([
            .init(JSONPointer("metadata", "labels", "tremolo.io/two-role"), "true"),
            .init(JSONPointer("metadata", "annotations", "tremolo.io/two-role"), "b"),
        ])
        let labeled = try #require(more.applied(to: csi))
        #expect(try patched(labeled, try Self.mutation(.sidecar))["spec"]?["volumes"] == [Self.volume("one,two")])
    }

    @Test("An endpoint that this replica does not know stays, with its files")
    func unknownEndpoint() throws {
        let csi = try patched(InjectionExample.pod(), try Self.mutation())
        let files = #"{"new/a.json":"{}"}"#
        let volume = Self.volume("new,one", files: files)
        let patch = JSONPatch([.init(JSONPointer("spec", "volumes", "0"), volume, kind: .replace)])
        let newer = try #require(patch.applied(to: csi))
        let outcome = try Self.mutation().patch(newer, namespace: "shop")
        #expect(try #require(outcome.patch.applied(to: newer))["spec"]?["volumes"] == [volume])
    }

    @Test("The driver gets the lifetime that the Pod requests; that of an unknown endpoint stays")
    func lifetimes() throws {
        let pod = InjectionExample.pod(annotations: ["example-role": "reader", "example-role-lifetime": "10m"])
        #expect(try Self.mutation().patch(pod, namespace: "shop").warnings == [])
        let csi = try patched(pod, try Self.mutation())
        #expect(csi["spec"]?["volumes"] == [Self.volume("one", lifetimes: "one=600s")])
        let volume = Self.volume("new,one", lifetimes: "new=900s,one=600s")
        let patch = JSONPatch([.init(JSONPointer("spec", "volumes", "0"), volume, kind: .replace)])
        let newer = try #require(patch.applied(to: csi))
        let outcome = try Self.mutation().patch(newer, namespace: "shop")
        #expect(try #require(outcome.patch.applied(to: newer))["spec"]?["volumes"] == [volume])
        let tooLong = InjectionExample.pod(annotations: ["example-role": "reader", "example-role-lifetime": "16m"])
        #expect(denial(tooLong, try Self.mutation())?.contains("example-role-lifetime: invalid lifetime") == true)
    }

    @Test("A volume of the name without the record of injection is denied")
    func ownVolume() throws {
        let pod = InjectionExample.pod(spec: [.init("volumes", [["name": "sts-tokens", "emptyDir": [:]]])])
        #expect(
            denial(pod, try Self.mutation())?.hasPrefix("the Pod has its own volume sts-tokens (csi differs)") == true)
        let own = InjectionExample.pod(
            annotations: ["example-role": "reader", "create-volume": "false", "delivery": "csi"],
            spec: [.init("volumes", [["name": "sts-tokens", "emptyDir": [:]]])])
        #expect(
            denial(own, try Self.mutation())
                == "tremolo.io/create-volume is false, but the node driver provides the volume sts-tokens; remove the "
                + "annotation, or set tremolo.io/delivery: sidecar")
    }

    @Test("A Pod that the driver serves is not counted as one without tokens")
    func search() throws {
        let endpoints = [try InjectionExample.one(), try InjectionExample.two()]
        let search = UninjectedPodSearch(endpoints, prefix: "tremolo.io", namespace: "sts")
        let query = try #require(search.queries.first { $0.endpoints == ["one"] })
        let meta = JSONPatch([
            .init(JSONPointer("metadata", "name"), "p"), .init(JSONPointer("metadata", "namespace"), "shop"),
        ])
        let plain = try #require(meta.applied(to: InjectionExample.pod()))
        #expect(search.missing(in: plain, query).count == 1)
        #expect(search.missing(in: try patched(plain, try Self.mutation()), query).isEmpty)
    }
}
