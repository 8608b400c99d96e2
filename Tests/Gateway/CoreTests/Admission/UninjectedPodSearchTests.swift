import GatewayPluginAPI
import JSON
import Testing

@testable import GatewayCore

@Suite("Labelled Pods without a sidecar")
struct UninjectedPodSearchTests {
    private let search: UninjectedPodSearch

    init() throws {
        search = UninjectedPodSearch(
            [try InjectionExample.two(), try InjectionExample.one()], prefix: "tremolo.io", namespace: "sts")
    }

    private var one: UninjectedPodSearch.Query { search.queries[0] }

    /// The Pod in the API server's format.
    private func running(_ pod: JSONValue, name: String = "web-0", namespace: String = "shop") -> JSONValue {
        pod.setting(.string(name), at: "metadata", "name").setting(.string(namespace), at: "metadata", "namespace")
            .setting("Running", at: "status", "phase")
    }

    private func reasons(_ pod: JSONValue) -> [UninjectedPod.Reason] {
        search.missing(in: pod, one).map(\.owner.reason)
    }

    @Test("There is one query for each label, with the webhook's selector, for all endpoints with the label")
    func queries() throws {
        #expect(search.queries.map(\.key) == ["tremolo.io/example-role", "tremolo.io/two-role"])
        #expect(search.queries.map(\.endpoints) == [["one"], ["two"]])
        #expect(one.selector == "tremolo.io/example-role,tremolo.io/example-role!=false")
        let other = try InjectionExample.one([
            .init("name", "other"), .init("path", "/other"), .init("issuer", ["host": "other.example.com"]),
        ])
        let shared = UninjectedPodSearch([other, try InjectionExample.one()], prefix: "p", namespace: nil)
        #expect(shared.queries.map(\.endpoints) == [["one", "other"]])
        #expect(shared.endpoints == ["one", "other"])
    }

    @Test("A Pod that the webhook has patched is complete", arguments: PodFixture.admitted)
    func patched(name: String) throws {
        let mutation = try InjectionExample.mutation()
        let pod = try PodFixture.pod(name)
        let outcome = try mutation.patch(pod, namespace: "shop")
        let result = running(try #require(outcome.patch.applied(to: pod)))
        let reading = try PodReading(pod)
        guard !reading.isMirror else {
            #expect(search.queries.allSatisfy { search.missing(in: result, $0).isEmpty })
            return
        }
        // A container without mounts was added later, which is not part of the search.
        let hasSidecar = (reading.initContainers + reading.containers).contains { $0.name == "sts-sidecar" }
        // A Pod that keeps OpenUnison's tokens is reported, so that it is recreated.
        guard !outcome.patch.isEmpty || hasSidecar || !OpenUnisonSidecar.isPresent(in: reading) else {
            #expect(search.missing(in: result, one).map(\.owner.reason) == [.missing])
            return
        }
        for query in search.queries where (reading.labels[query.key] ?? "false") != "false" {
            let hasValue = !(reading.annotations[query.key] ?? "").isEmpty
            #expect(search.missing(in: result, query).map(\.owner.reason) == (hasValue ? [] : [.noValue]))
            let before = search.missing(in: running(pod), query).map(\.owner.reason)
            #expect(before == (hasSidecar ? [] : [hasValue ? .missing : .noValue]))
        }
    }

    @Test("A classic sidecar is recognized; a sidecar for another endpoint is not")
    func sidecars() throws {
        let classic = try InjectionExample.mutation { $0.sidecar.mode = .classic }
        let pod = InjectionExample.pod(
            labels: ["example-role", "two-role"], annotations: ["two-role": "b", "example-role": "a"])
        func applied(_ mutation: PodMutation, _ pod: JSONValue) throws -> JSONValue {
            running(try #require(try mutation.patch(pod, namespace: "shop").patch.applied(to: pod)))
        }
        let both = try applied(classic, pod)
        #expect(search.queries.allSatisfy { search.missing(in: both, $0).isEmpty })
        let two = PodMutation(InjectionExample.policy, endpoints: [try InjectionExample.two()])
        let half = try applied(two, pod)
        #expect(reasons(half) == [.missing])
        #expect(search.missing(in: half, search.queries[1]).isEmpty)
        // The annotation alone is not evidence.
        #expect(
            reasons(running(pod).setting("one", at: "metadata", "annotations", "tremolo.io/injected")) == [.missing])
    }

    @Test("Terminated and deleted Pods, mirrors and Pods of excluded namespaces are ignored")
    func leftOut() {
        let pod = InjectionExample.pod()
        #expect(reasons(running(pod)) == [.missing])
        for phase in ["Succeeded", "Failed"] {
            #expect(reasons(running(pod).setting(.string(phase), at: "status", "phase")).isEmpty)
        }
        #expect(reasons(running(pod).setting("Pending", at: "status", "phase")) == [.missing])
        #expect(
            reasons(running(pod).setting("2026-05-08T14:40:00Z", at: "metadata", "deletionTimestamp")).isEmpty)
        #expect(
            reasons(running(pod).setting("x", at: "metadata", "annotations", "kubernetes.io/config.mirror")).isEmpty)
        for namespace in ["sts", "kube-system", "kube-public", "kube-node-lease"] {
            #expect(reasons(running(pod, namespace: namespace)).isEmpty)
        }
    }

    @Test("The configured namespaces are excluded, and the gateway's own in any case")
    func excluded() throws {
        let search = UninjectedPodSearch(
            [try InjectionExample.one()], prefix: "tremolo.io", namespace: "sts", excluded: ["build"])
        let pod = InjectionExample.pod()
        func count(_ namespace: String) -> Int { search.missing(in: running(pod, namespace: namespace), one).count }
        #expect(count("build") == 0 && count("sts") == 0 && count("kube-system") == 1)
    }

    @Test("A Pod is reported under its controller, or under its own name without one")
    func owner() {
        let pod = running(InjectionExample.pod())
        #expect(search.missing(in: pod, one).map(\.owner.name) == ["Pod/web-0"])
        let owned = pod.setting(
            [
                ["kind": "Node", "name": "n"],
                ["kind": "ReplicaSet", "name": "web-6c4f", "controller": true],
            ], at: "metadata", "ownerReferences")
        #expect(
            search.missing(in: owned, one) == [
                UninjectedPod(
                    name: "web-0",
                    owner: .init(namespace: "shop", name: "ReplicaSet/web-6c4f", endpoint: "one", reason: .missing))
            ])
    }

    @Test("Malformed Pods cause no failure")
    func oddShapes() {
        #expect(reasons([]).isEmpty)
        #expect(reasons("text").isEmpty)
        #expect(reasons(["metadata": ["name": 1, "namespace": "shop"]]).isEmpty)
        let odd = running([
            "metadata": ["annotations": "none"], "spec": ["containers": "none", "initContainers": [[], 1]],
        ])
        #expect(reasons(odd) == [.noValue])
    }
}
