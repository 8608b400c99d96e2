import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

@Suite("Admission: Pods of OpenUnison's webhook")
struct OpenUnisonSidecarTests {
    private func patch(_ pod: JSONValue) throws(AdmissionDenial) -> PodMutation.Outcome {
        guard let mutation = try? InjectionExample.mutation() else { return .init() }
        return try mutation.patch(pod, namespace: "default")
    }

    @Test("A Pod that OpenUnison has injected is admitted as it is, with a warning")
    func admitted() throws {
        let outcome = try patch(try PodFixture.pod("injected-by-openunison"))
        #expect(outcome.patch.isEmpty && outcome.endpoints.isEmpty)
        #expect(
            outcome.warnings == [
                "OpenUnison's webhook has injected the Pod (init container sts-creds-sidecar), so it gets no tokens of "
                    + "this gateway; recreate the Pod when that webhook is deleted"
            ])
    }

    @Test("A Pod that both have injected gets the tokens of this gateway, with a warning")
    func both() throws {
        let pod = try PodFixture.pod("openunison-after-injection")
        let outcome = try patch(pod)
        #expect(outcome.endpoints == ["one"])
        #expect(
            outcome.warnings == [
                "OpenUnison's webhook has injected the Pod as well (init container sts-creds-sidecar); delete that "
                    + "webhook, and recreate the Pod"
            ])
        let patched = try #require(outcome.patch.applied(to: pod))
        let before = try PodReading(pod).initContainers.first { $0.name == OpenUnisonSidecar.name }
        let after = try PodReading(patched).initContainers.first { $0.name == OpenUnisonSidecar.name }
        #expect(after?.json == before?.json, "the other sidecar stays as found")
    }

    @Test("Changes of other webhooks to OpenUnison's sidecar do not matter")
    func changed() throws {
        let pod = try PodFixture.pod("injected-by-openunison")
        let sidecar = JSONPointer("spec", "initContainers").appending(0)
        let changes: [(String, JSONValue)] = [
            ("image", "other/image"), ("command", ["/wrapper"]), ("resources", ["limits": ["cpu": "1"]]),
            ("securityContext", [:]), ("env", [["name": "HTTPS_PROXY", "value": "http://proxy.example.com"]]),
        ]
        for (member, value) in changes {
            var change = JSONPatch()
            change.add(value, at: sidecar.appending(member))
            #expect(try patch(try #require(change.applied(to: pod))).patch.isEmpty, "\(member)")
        }
    }

    @Test("A Pod with the marker of this gateway, or a container of its name, is not left to OpenUnison")
    func marker() throws {
        let pod = try PodFixture.pod("injected-by-openunison")
        let marked = pod.setting("one", at: "metadata", "annotations", "tremolo.io/injected")
        let outcome = try patch(marked)
        #expect(outcome.endpoints == ["one"])
        let patched = try #require(outcome.patch.applied(to: marked))
        #expect(try patch(patched).patch.isEmpty)
        #expect(try PodReading(patched).volumes["sts-tokens"]?.json.value == SidecarContainers.tokenVolume)
        let named = pod.setting([["name": "sts-sidecar", "args": ["run"]]], at: "spec", "containers")
        #expect(throws: AdmissionDenial.self) { try patch(named) }
    }

    @Test("The Pod of a release that recorded no variables keeps them, and the warning says why")
    func earlierRelease() throws {
        let outcome = try patch(try PodFixture.pod("injected-by-release-0.1.0"))
        #expect(outcome.patch.isEmpty)
        #expect(
            outcome.warnings == [
                "the container \"app\" keeps EXAMPLE_ROLE, EXAMPLE_WORKLOAD, since an earlier release of the gateway has "
                    + "injected the Pod and not recorded its variables; create the Pod from its template to use the "
                    + "injected value"
            ])
    }
}
