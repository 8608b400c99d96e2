import GatewayCore
import JSON
import Testing

@Suite("Admission: properties of every Pod")
struct PodMutationPropertyTests {
    /// A hundred Pods each. The seed reproduces a failure.
    static let seeds: [UInt64] = Array(1...12)

    private func policy(_ seed: UInt64) -> InjectionPolicy {
        var policy = InjectionExample.policy
        policy.sidecar.mode = seed.isMultiple(of: 2) ? .native : .classic
        policy.position = [.first, .last, .after("i0")][Int(seed % 3)]
        return policy
    }

    @Test(
        "A patch only adds; a second patch is empty; the order of endpoints does not matter",
        arguments: seeds)
    func anyPod(seed: UInt64) throws {
        var pods = RandomPod(seed: seed)
        let endpoints = [try InjectionExample.one(), try InjectionExample.two()]
        let mutation = PodMutation(policy(seed), endpoints: endpoints)
        let turned = PodMutation(policy(seed), endpoints: endpoints.reversed())
        for number in 0..<100 {
            let pod = pods.pod()
            let outcome = try mutation.patch(pod, namespace: "shop")
            let patched = try #require(outcome.patch.applied(to: pod))
            #expect(Survival.holds(pod, in: patched, at: ""), "Pod \(number)")
            #expect(
                try JSONPatchOperations.apply(outcome.patch.json, to: pod).sorted == patched.sorted, "Pod \(number)")
            let second = try mutation.patch(patched, namespace: "shop")
            #expect(second.patch.isEmpty && second.endpoints == outcome.endpoints, "Pod \(number)")
            #expect(try turned.patch(pod, namespace: "shop") == outcome, "Pod \(number)")
            #expect(try turned.patch(patched, namespace: "shop").patch.isEmpty, "Pod \(number)")
        }
    }

    @Test("JSON is decoded as it was encoded", arguments: seeds)
    func readBack(seed: UInt64) throws {
        var pods = RandomPod(seed: seed)
        for _ in 0..<20 {
            let pod = pods.pod()
            let request: JSONValue = [
                "uid": "u", "kind": ["group": "", "version": "v1", "kind": "Pod"], "operation": "CREATE",
                "namespace": "shop", "object": pod,
            ]
            let body: JSONValue = ["apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request]
            #expect(try AdmissionReview(parsing: body.utf8Text).subject == .pod(try JSONNode(pod), namespace: "shop"))
        }
    }

    @Test("A Pod with a member of another type is admitted or denied, without a crash", arguments: seeds)
    func anyType(seed: UInt64) throws {
        var pods = RandomPod(seed: seed)
        let mutation = PodMutation(policy(seed), endpoints: [try InjectionExample.one(), try InjectionExample.two()])
        for other in [.null, true, 7, "x", [], [:], ["x"], [["name": 1]]] as [JSONValue] {
            let pod = pods.pod()
            for changed in Self.changes(of: pod, to: other, depth: 5) {
                _ = mutation.neededServiceAccount(of: changed)
                do throws(AdmissionDenial) {
                    let outcome = try mutation.patch(changed, namespace: "shop")
                    #expect(outcome.patch.applied(to: changed) != nil)
                } catch {
                    #expect(!error.message.isEmpty && error.message.utf8.count < 1_000)
                }
            }
        }
    }

    /// The value with each of its parts replaced by another one.
    private static func changes(of value: JSONValue, to other: JSONValue, depth: Int) -> [JSONValue] {
        guard depth > 0 else { return [other] }
        switch value {
        case .object(let members):
            return [other]
                + members.indices.flatMap { index in
                    changes(of: members[index].value, to: other, depth: depth - 1).map { changed in
                        var members = members
                        members[index] = .init(members[index].name, changed)
                        return .object(members)
                    }
                }
        case .array(let elements):
            return [other]
                + elements.indices.flatMap { index in
                    changes(of: elements[index], to: other, depth: depth - 1).map { changed in
                        var elements = elements
                        elements[index] = changed
                        return .array(elements)
                    }
                }
        default: return [other]
        }
    }
}

/// Whether the patched Pod contains the whole original.
enum Survival {
    static func holds(_ original: JSONValue, in patched: JSONValue, at path: String) -> Bool {
        switch (original, patched) {
        case (.object(let members), .object(let others)):
            let isOpen = [
                "/spec", "/metadata", "/metadata/annotations", "/spec/containers/*", "/spec/initContainers/*",
            ]
            .contains(path)
            guard isOpen || members.count == others.count else { return false }
            return members.allSatisfy { member in
                guard let other = patched[member.name] else { return false }
                // The annotation of injection, and lists that were null.
                if path == "/metadata/annotations", member.name.hasPrefix("tremolo.io/injected") { return true }
                let child = "\(path)/\(member.name)"
                if member.value == .null, Self.lists.contains(child) { return true }
                return holds(member.value, in: other, at: child)
            }
        case (.array(let elements), .array(let others)):
            guard Self.lists.contains(path) else { return original == patched }
            var rest = others[...]
            return elements.allSatisfy { element in
                while let next = rest.popFirst() {
                    if holds(element, in: next, at: "\(path)/*") { return true }
                }
                return false
            }
        default: return original == patched
        }
    }

    private static let lists: Set<String> = [
        "/spec/volumes", "/spec/containers", "/spec/initContainers", "/spec/containers/*/env",
        "/spec/containers/*/volumeMounts", "/spec/initContainers/*/env", "/spec/initContainers/*/volumeMounts",
    ]
}
