import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("Admission: objects with Pods within")
struct WorkloadManifestTests {
    private func manifest(_ json: JSONValue) -> WorkloadManifest { WorkloadManifest(ConfigurationNode(json)) }

    @Test(
        "A Pod is found where the kind has it",
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

    @Test("Lists are looked through, also those of one kind, and what has no Pod is passed by")
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

    @Test("A kind without its template has a Pod that is not there, and mutation says so")
    func noTemplate() {
        let manifest = manifest(["kind": "Deployment", "spec": [:]])
        #expect(manifest.pods.count == 1)
        #expect(manifest.pods.first.flatMap { manifest.json(of: $0) } == nil)
    }

    @Test("JSON that readers of YAML do not take is read too")
    func json() {
        #expect(WorkloadManifest(jsonText: Array(#"{"a":"\ud83d\ude80"}"#.utf8))?.json == ["a": "🚀"])
        #expect(WorkloadManifest(jsonText: Array("a: 1".utf8)) == nil)
    }

    @Test("Octal numbers are what Kubernetes takes them for, unless they are quoted")
    func octal() {
        func scalar(_ text: String, isPlain: Bool = true) -> JSONValue {
            WorkloadManifest(.scalar(text, isPlain: isPlain, line: 1)).json
        }
        #expect(scalar("0644") == 420 && scalar("0o644") == 420)
        #expect(scalar("0") == 0 && scalar("0.5") == .number(0.5) && scalar("10") == 10)
        #expect(scalar("0644", isPlain: false) == "0644" && scalar("089") == "089" && scalar("0o") == "0o")
    }
}
