import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("Admission: objects with Pod templates")
struct WorkloadManifestTests {
    private func manifest(_ json: JSONValue) -> WorkloadManifest { WorkloadManifest(json) }

    @Test(
        "The Pod template of each kind is found",
        arguments: [
            ("Pod", []), ("PodTemplate", ["template"]), ("Deployment", ["spec", "template"]),
            ("ReplicaSet", ["spec", "template"]), ("StatefulSet", ["spec", "template"]),
            ("DaemonSet", ["spec", "template"]), ("Job", ["spec", "template"]),
            ("ReplicationController", ["spec", "template"]), ("CronJob", ["spec", "jobTemplate", "spec", "template"]),
        ] as [(String, [String])])
    func kinds(kind: String, path: [String]) {
        let pod = InjectionExample.pod()
        let nested = path.reversed().reduce(pod) { .object([.init($1, $0)]) }
        var members: [JSONValue.Member] = [.init("kind", .string(kind))]
        if case .object(let inner) = nested { members += inner }
        let manifest = manifest(.object(members))
        #expect(manifest.pods.map(\.pointer.tokens) == [path])
        #expect(manifest.pods.first.flatMap { manifest.json(of: $0) }?["spec"] == pod["spec"])
    }

    @Test("Lists are searched, including those of one kind, and objects without a Pod are ignored")
    func lists() {
        let list: JSONValue = [
            "kind": "List",
            "items": [
                ["kind": "Service"], ["kind": "Pod", "metadata": ["name": "a", "namespace": "x"], "spec": [:]],
                ["kind": "PodList", "items": [["kind": "Pod", "metadata": ["name": "b"]]]],
                [
                    "kind": "ServiceAccount",
                    "metadata": ["name": "web", "namespace": "x", "annotations": ["k": "v"]],
                ],
            ],
        ]
        let manifest = manifest(list)
        #expect(manifest.pods.map(\.pointer.description) == ["/items/1", "/items/2/items/0"])
        #expect(manifest.pods.map(\.name) == ["Pod a", "Pod b"])
        #expect(manifest.pods.map(\.namespace) == ["x", nil])
        #expect(manifest.serviceAccounts.map(\.name) == ["web"])
        #expect(manifest.serviceAccounts.map(\.namespace) == ["x"])
        #expect(manifest.serviceAccounts.map(\.annotations) == [["k": "v"]])
    }

    @Test(
        "What is no object has no Pods", arguments: [[], "Pod", 1, .null, ["kind": "Pods"], ["kind": 1]] as [JSONValue])
    func nothing(json: JSONValue) {
        #expect(manifest(json).pods.isEmpty)
    }

    @Test("A workload without its template is reported by the mutation")
    func noTemplate() {
        let manifest = manifest(["kind": "Deployment", "spec": [:]])
        #expect(manifest.pods.count == 1)
        #expect(manifest.pods.first.flatMap { manifest.json(of: $0) } == nil)
    }

    @Test("Objects of other kinds have a Pod where spec.template is a Pod template")
    func otherKinds() {
        let template: JSONValue = ["spec": ["containers": [["name": "app"]]]]
        for kind in ["Rollout", "DeploymentConfig", "Service"] {
            let manifest = manifest(["kind": .string(kind), "metadata": ["name": "a"], "spec": ["template": template]])
            #expect(manifest.pods.map(\.pointer.description) == ["/spec/template"])
            #expect(manifest.pods.map(\.name) == ["\(kind) a"])
        }
        #expect(manifest(["kind": "Certificate", "spec": ["template": ["spec": [:]]]]).pods.isEmpty)
    }

    @Test("A JobSet has a Pod for each of its jobs")
    func jobSet() {
        let job: JSONValue = ["spec": ["template": ["spec": ["containers": []]]]]
        let manifest = manifest([
            "kind": "JobSet", "metadata": ["name": "train", "namespace": "x"],
            "spec": ["replicatedJobs": [["name": "a", "template": job], ["name": "b", "template": job]]],
        ])
        #expect(
            manifest.pods.map(\.pointer.description) == [
                "/spec/replicatedJobs/0/template/spec/template", "/spec/replicatedJobs/1/template/spec/template",
            ])
        #expect(manifest.pods.map(\.name) == ["JobSet train a", "JobSet train b"])
        #expect(manifest.pods.map(\.namespace) == ["x", "x"])
    }
}
