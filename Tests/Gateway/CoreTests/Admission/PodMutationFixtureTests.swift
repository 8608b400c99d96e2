import GatewayCore
import JSON
import Testing

@Suite("Admission: Pods of the fixtures")
struct PodMutationFixtureTests {
    @Test("A patched Pod equals its fixture, with either implementation of JSON Patch", arguments: PodFixture.admitted)
    func patched(name: String) throws {
        let pod = try PodFixture.pod(name)
        let outcome = try InjectionExample.mutation().patch(pod, namespace: "default")
        let expected = try PodFixture.patched(name).sorted
        #expect(try #require(outcome.patch.applied(to: pod)).sorted == expected)
        #expect(try JSONPatchOperations.apply(outcome.patch.json, to: pod).sorted == expected)
    }

    @Test("A patched Pod is not patched again", arguments: PodFixture.admitted)
    func patchedTwice(name: String) throws {
        let outcome = try InjectionExample.mutation().patch(try PodFixture.patched(name), namespace: "default")
        #expect(outcome.patch == JSONPatch())
    }

    @Test("A Pod that cannot be injected is denied with the reason", arguments: PodFixture.denied)
    func denied(name: String) throws {
        let pod = try PodFixture.deniedPod(name)
        let denial = #expect(throws: AdmissionDenial.self) {
            try InjectionExample.mutation().patch(pod, namespace: "default")
        }
        #expect(try denial?.message == PodFixture.reasons()[name])
        let isOfField = ["spec", "metadata"].contains { denial?.message.hasPrefix($0) == true }
        #expect(denial?.code == (isOfField ? .badRequest : .forbidden))
    }

    @Test("Every reason and every patched Pod has a fixture")
    func complete() throws {
        #expect(try PodFixture.reasons().keys.sorted() == PodFixture.denied)
        #expect(PodFixture.admitted.count >= 25)
    }

    @Test("An annotation of 100 KiB is denied with the plugin's message")
    func longAnnotation() throws {
        let pod = InjectionExample.pod(annotations: ["example-role": String(repeating: "x", count: 102_400)])
        let denial = #expect(throws: AdmissionDenial.self) {
            try InjectionExample.mutation().patch(pod, namespace: "shop")
        }
        #expect(
            denial?.message
                == "tremolo.io/example-role: the annotation is not one line of 1 to 100 bytes; write the name of a role"
        )
    }
}
