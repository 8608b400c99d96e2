import GatewayCore
import Testing

@Suite("Attributes of a workload")
struct WorkloadAttributesTests {
    @Test(
        "Each attribute has its value",
        arguments: [
            ("namespace", ["billing"]), ("saname", ["writer"]), ("cluster", ["production"]),
            ("username", ["system:serviceaccount:billing:writer"]), ("uid", ["sa-uid"]),
            ("groups", ["system:serviceaccounts", "system:serviceaccounts:billing", "system:authenticated"]),
            ("pod-name", ["writer-0"]), ("pod-uid", ["pod-uid-1"]),
            ("node-name", ["node-a"]), ("node-uid", ["node-uid-1"]),
            ("credential-id", ["JTI=1"]), ("endpoint", ["example"]),
        ])
    func values(name: String, expected: [String]) {
        let attributes = WorkloadAttributes.sample()
        #expect(attributes.lookup(name) == .values(expected))
        #expect(attributes.lookup(name.uppercased()) == .values(expected))
        #expect(attributes.values(of: name) == expected)
    }

    @Test("The list of names is the documented one")
    func names() {
        #expect(
            WorkloadAttributes.names == [
                "namespace", "saname", "cluster", "username", "uid", "groups", "pod-name", "pod-uid", "node-name",
                "node-uid", "credential-id", "endpoint",
            ])
    }

    @Test(
        "An attribute that the workload lacks is absent, not unknown",
        arguments: ["uid", "groups", "pod-name", "pod-uid", "node-name", "node-uid", "credential-id"])
    func absent(name: String) {
        let attributes = WorkloadAttributes.sample(uid: nil, isBoundToPod: false, groups: [])
        #expect(attributes.lookup(name) == .absent)
        #expect(attributes.values(of: name) == nil)
    }

    @Test("An empty text is not a value")
    func empty() {
        let attributes = WorkloadAttributes.sample(uid: "", groups: ["", "a"])
        #expect(attributes.lookup("uid") == .absent)
        #expect(attributes.lookup("groups") == .values(["a"]))
    }

    @Test(
        "Another name is unknown",
        arguments: ["", "ns", "podname", "namespace ", "namespace-label/a"])
    func unknown(name: String) {
        #expect(WorkloadAttributes.sample().lookup(name) == .unknown)
        #expect(WorkloadAttributes.sample().values(of: name) == nil)
    }
}
