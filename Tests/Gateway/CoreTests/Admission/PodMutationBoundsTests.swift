import GatewayCore
import JSON
import Testing

@Suite("Admission: Pods that are expensive to inject")
struct PodMutationBoundsTests {
    private func pod(containers: Int, annotations: [String: String] = [:]) -> JSONValue {
        let spec = JSONValue.array((0..<containers).map { ["name": .string("c\($0)")] })
        return InjectionExample.pod(
            annotations: annotations.merging(["example-role": "reader"]) { one, _ in one },
            spec: [.init("containers", spec)])
    }

    @Test("Hundreds of containers are injected")
    func many() throws {
        let outcome = try InjectionExample.mutation().patch(pod(containers: 500), namespace: "shop")
        #expect(outcome.patch.operations.count > 1_000)
        #expect(outcome.patch.json.utf8Text.count < 2 << 20)
    }

    @Test("A Pod whose additions are too long to be stored is denied, unless it skips containers")
    func tooMany() throws {
        let denial = #expect(throws: AdmissionDenial.self) {
            try InjectionExample.mutation().patch(pod(containers: 10_000), namespace: "shop")
        }
        #expect(denial?.code == .forbidden)
        #expect(denial?.message.contains("the Pod has 10000 containers") == true)
        let skipped = (1..<10_000).map { "c\($0)" }.joined(separator: ",")
        let outcome = try InjectionExample.mutation().patch(
            pod(containers: 10_000, annotations: ["skip-containers": skipped]), namespace: "shop")
        #expect(outcome.endpoints == ["one"])
    }

    @Test(
        "A Pod with more containers than a patch could be built for in little memory is denied",
        arguments: [10_001, 60_000])
    func farTooMany(count: Int) throws {
        let denial = #expect(throws: AdmissionDenial.self) {
            try InjectionExample.mutation().patch(pod(containers: count), namespace: "shop")
        }
        #expect(denial?.code == .badRequest)
        #expect(denial?.message == "spec.containers: \(count) containers; expected at most 10000")
    }

    @Test("The numbers of unknown containers and of warnings in a response are limited")
    func warnings() throws {
        let names = (0..<10_000).map { "x\($0)" }.joined(separator: ";")
        let outcome = try InjectionExample.mutation().patch(
            pod(containers: 1, annotations: ["skip-containers": names]), namespace: "shop")
        #expect(outcome.warnings.count == 8)
        let own: JSONValue = [["name": "EXAMPLE_ROLE", "value": "mine"]]
        let spec = JSONValue.array((0..<100).map { ["name": .string("c\($0)"), "env": own] })
        let warned = try InjectionExample.mutation().patch(
            InjectionExample.pod(spec: [.init("containers", spec)]), namespace: "shop")
        #expect(warned.warnings.count == 17)
        #expect(warned.warnings.last == "84 more warnings are omitted")
    }
}
