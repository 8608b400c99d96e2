import Foundation
import GatewayCore
import GatewayTestSupport
import JSON
import Testing

/// What another writer does to an injected Pod: Tests/Fixtures/Pods/mutated.
private struct PodChange {
    let mode: GatewayConfiguration.Injection.SidecarMode
    let patch: JSONValue
    /// What the second review must not change.
    let kept: [JSONPointer]
    /// What the second review sets to the value of the first one.
    let restored: [JSONPointer]

    init(_ name: String) throws {
        let json = try PodFixture.json("mutated/\(name).json")
        mode = try #require((json["mode"]?.stringValue).flatMap(GatewayConfiguration.Injection.SidecarMode.init))
        patch = try #require(json["patch"])
        func pointers(_ list: String) throws -> [JSONPointer] {
            try (json[list]?.elementList ?? []).map { try #require($0.stringValue.flatMap(JSONPointer.init(parsing:))) }
        }
        kept = try pointers("kept")
        restored = try pointers("restored")
        #expect(!kept.isEmpty || !restored.isEmpty)
        #expect(json["madeBy"]?.stringValue?.isEmpty == false)
    }
}

extension JSONValue {
    fileprivate subscript(_ pointer: JSONPointer) -> JSONValue? {
        pointer.tokens.reduce(self) { value, token in
            if let elements = value?.elementList {
                Int(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            } else {
                value?[token]
            }
        }
    }
}

@Suite("Admission: a Pod that was injected before")
struct PodMutationOwnershipTests {
    static let changes = PodFixture.names(in: "mutated")

    private func injected(
        _ pod: JSONValue = InjectionExample.pod(), namespace: String = "shop",
        _ change: (inout InjectionPolicy) -> Void = { _ in }
    ) throws -> JSONValue {
        try review(pod, by: InjectionExample.mutation(change), namespace: namespace)
    }

    /// The Pod after a review; expects that the next review changes nothing.
    private func review(_ pod: JSONValue, by mutation: PodMutation, namespace: String = "shop") throws -> JSONValue {
        let patched = try #require(try mutation.patch(pod, namespace: namespace).patch.applied(to: pod))
        #expect(try mutation.patch(patched, namespace: namespace).patch.isEmpty)
        return patched
    }

    private func variables(_ pod: JSONValue, _ list: String = "initContainers", _ index: Int = 0) -> [String: String] {
        let elements = pod["spec"]?[list]?.elementList?[index]["env"]?.elementList ?? []
        return Dictionary(
            elements.map { ($0["name"]?.stringValue ?? "", $0["value"]?.stringValue ?? "") },
            uniquingKeysWith: { _, last in last })
    }

    @Test("A change of another webhook is admitted: the Pod gets back what injection owns", arguments: changes)
    func changed(name: String) throws {
        let change = try PodChange(name)
        let mutation = try InjectionExample.mutation { $0.sidecar.mode = change.mode }
        let first = try review(try PodFixture.pod("plain"), by: mutation)
        let pod = try JSONPatchOperations.apply(change.patch, to: first)
        #expect(pod != first)
        let second = try review(pod, by: mutation)
        for pointer in change.kept { #expect(second[pointer]?.sorted == pod[pointer]?.sorted, "\(pointer)") }
        for pointer in change.restored { #expect(second[pointer]?.sorted == first[pointer]?.sorted, "\(pointer)") }
    }

    static let newSettings: [@Sendable (InjectionPolicy) -> InjectionPolicy] = [
        { $0.with { $0.server = "https://new.example.com" } }, { $0.with { $0.sidecar.tokenMode = 0o440 } },
        { $0.with { $0.trust = "new" } }, { $0.with { $0.subjectTokenLifetime = 7_200 } },
    ]

    @Test(
        "New settings of the gateway apply to an injected Pod, and the old ones again after a rollback",
        arguments: newSettings.indices, [GatewayConfiguration.Injection.SidecarMode.native, .classic])
    func settings(index: Int, mode: GatewayConfiguration.Injection.SidecarMode) throws {
        let old = InjectionExample.policy.with { $0.sidecar.mode = mode }
        let endpoints = [try InjectionExample.one(), try InjectionExample.two()]
        let (before, after) = (
            PodMutation(old, endpoints: endpoints), PodMutation(Self.newSettings[index](old), endpoints: endpoints)
        )
        let pod = InjectionExample.pod()
        let fresh = try review(pod, by: after)
        let updated = try review(try review(pod, by: before), by: after)
        #expect(updated.sorted == fresh.sorted)
        let returned = try review(updated, by: before)
        let list = mode == .native ? "initContainers" : "containers"
        let sidecar = mode == .native ? 0 : 1
        let filled = variables(returned, list, sidecar).filter { !$0.value.isEmpty }
        #expect(filled == variables(try review(pod, by: before), list, sidecar))
    }

    @Test("A changed path and audience of an endpoint apply to an injected Pod")
    func endpointSettings() throws {
        func mutation(path: String, audience: String) throws -> PodMutation {
            PodMutation(
                InjectionExample.policy,
                endpoints: [
                    try InjectionExample.one([
                        .init("path", .string(path)), .init("subjectToken", ["audiences": [.string(audience)]]),
                    ])
                ])
        }
        let old = try review(InjectionExample.pod(), by: mutation(path: "/old", audience: "a"))
        let new = try mutation(path: "/new", audience: "b")
        let updated = try review(old, by: new)
        #expect(updated.sorted == (try review(InjectionExample.pod(), by: new)).sorted)
        #expect(variables(updated)["STS_ENDPOINTS"] == "one=/new")
    }

    @Test("The kind of sidecar stays after a change of sidecar.mode")
    func kind() throws {
        for (made, now) in [(.native, .classic), (.classic, .native)]
            as [(GatewayConfiguration.Injection.SidecarMode, GatewayConfiguration.Injection.SidecarMode)]
        {
            let pod = try injected { $0.sidecar.mode = made }
            #expect(try injected(pod) { $0.sidecar.mode = now } == pod)
        }
    }

    @Test("Endpoints that this replica does not know stay, with their audience")
    func unknownEndpoint() throws {
        let audiences: [JSONValue.Member] = [.init("subjectToken", ["audiences": ["a", "b"]])]
        let other: [JSONValue.Member] = [.init("subjectToken", ["audiences": ["b"]])]
        let both = PodMutation(
            InjectionExample.policy, endpoints: [try InjectionExample.one(audiences), try InjectionExample.two(other)])
        let one = PodMutation(InjectionExample.policy, endpoints: [try InjectionExample.one(audiences)])
        let pod = InjectionExample.pod(
            labels: ["example-role", "two-role"], annotations: ["example-role": "a", "two-role": "b"])
        let complete = try review(pod, by: both)
        #expect(try review(complete, by: one) == complete)
        // The replica that knows both adds the other one to a Pod that was reviewed first by this one.
        let partial = try review(pod, by: one)
        #expect(variables(partial)["STS_ENDPOINTS"] == "one")
        #expect(variables(try review(partial, by: both)) == variables(complete))
    }

    @Test("A Pod that gains the label of a second endpoint gets it; one that loses a label keeps its endpoint")
    func labels() throws {
        let pod = try injected()
        let more = pod.setting("true", at: "metadata", "labels", "tremolo.io/two-role")
            .setting("b", at: "metadata", "annotations", "tremolo.io/two-role")
        let both = try injected(more)
        #expect(variables(both)["STS_ENDPOINTS"] == "one,two=/deep/two")
        #expect(both["metadata"]?["annotations"]?["tremolo.io/injected"] == "one,two")
        #expect(variables(both, "containers")["TWO_ROLE"] == "b")
        let less = both.setting(nil, at: "metadata", "labels", "tremolo.io/two-role")
        #expect(try injected(less) == less)
    }

    @Test("Variables of injection follow the namespace and the annotation; those of the container's author stay")
    func variablesOfContainers() throws {
        let own: JSONValue = [["name": "app"], ["name": "log", "env": [["name": "EXAMPLE_ROLE", "value": "mine"]]]]
        let pod = try injected(InjectionExample.pod(spec: [.init("containers", own)]))
        let restored = pod.setting("writer", at: "metadata", "annotations", "tremolo.io/example-role")
        let outcome = try InjectionExample.mutation().patch(restored, namespace: "copy")
        let updated = try #require(outcome.patch.applied(to: restored))
        #expect(variables(updated, "containers")["EXAMPLE_ROLE"] == "writer")
        #expect(variables(updated, "containers")["EXAMPLE_WORKLOAD"] == "copy/default")
        #expect(variables(updated, "containers", 1)["EXAMPLE_ROLE"] == "mine")
        #expect(variables(updated, "containers", 1)["EXAMPLE_WORKLOAD"] == "copy/default")
        #expect(
            outcome.warnings == ["the container \"log\" sets EXAMPLE_ROLE itself; remove it to use the injected value"])
        #expect(outcome.patch.operations.allSatisfy { $0.kind == .replace })
    }

    @Test("A record that cannot be read is no record")
    func oddRecord() throws {
        for text in ["", ":", ";;", "app", "app:", ":EXAMPLE_ROLE", "app:X:EXAMPLE_ROLE", "other:EXAMPLE_ROLE"] {
            let pod = try injected().setting(
                .string(text), at: "metadata", "annotations", "tremolo.io/injected-variables")
            let changed = pod.setting("writer", at: "metadata", "annotations", "tremolo.io/example-role")
            #expect(try InjectionExample.mutation().patch(changed, namespace: "shop").warnings.count == 1, "\(text)")
        }
    }

    @Test(
        "A review of a changed Pod is complete: the next one changes nothing",
        arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func anyChange(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var pods = RandomPod(seed: seed)
        let changes = try Self.changes.map { try PodChange($0) }
        var applied = 0
        for _ in 0..<60 {
            let mode: GatewayConfiguration.Injection.SidecarMode = random.oneIn(2) ? .native : .classic
            let policy = InjectionExample.policy.with { $0.sidecar.mode = mode }
            let endpoints = [try InjectionExample.one(), try InjectionExample.two()]
            var pod = try review(pods.pod(), by: PodMutation(policy, endpoints: endpoints))
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                // Not every change applies to every Pod, whose lists differ.
                if let change = changes.randomElement(using: &random),
                    let changed = try? JSONPatchOperations.apply(change.patch, to: pod)
                {
                    pod = changed
                    applied += 1
                }
                if let settings = Self.newSettings.randomElement(using: &random) {
                    let known = random.oneIn(2) ? endpoints : [endpoints[Int.random(in: 0...1, using: &random)]]
                    let mutation = PodMutation(settings(policy), endpoints: known)
                    // A change of another Pod's list may have given a container of the author our volume.
                    guard (try? mutation.patch(pod, namespace: "shop")) != nil else { continue }
                    pod = try review(pod, by: mutation, namespace: random.oneIn(2) ? "shop" : "copy")
                }
            }
        }
        #expect(applied > 20)
    }
}

extension InjectionPolicy {
    fileprivate func with(_ change: (inout InjectionPolicy) -> Void) -> InjectionPolicy {
        var policy = self
        change(&policy)
        return policy
    }
}
