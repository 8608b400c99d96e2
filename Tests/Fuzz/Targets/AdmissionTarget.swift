import GatewayCore
import GatewayTestSupport
import JSON
import Logging

extension FuzzTarget {
    /// A review, or a Pod, which is sent in a review.
    static let admission = FuzzTarget("admission") { input in
        var subjects: [(pod: JSONValue, namespace: String)] = []
        for body in [input, review(of: input)] {
            if case .pod(let pod, let namespace)? = (try? AdmissionReview(parsing: body))?.subject {
                subjects.append((pod.value, namespace))
            }
        }
        for (pod, namespace) in subjects {
            for mutation in mutations {
                let outcome: PodMutation.Outcome
                do throws(AdmissionDenial) {
                    outcome = try mutation.patch(pod, namespace: namespace)
                } catch {
                    try FuzzFinding.unless(error.message.utf8.count < 4_096, "a denial of more than 4 KiB")
                    continue
                }
                guard let patched = outcome.patch.applied(to: pod) else {
                    throw FuzzFinding("the patch does not apply to the Pod: \(outcome.patch.json.text)")
                }
                try FuzzFinding.unless(keeps(pod, in: patched), "the patch removes something of the Pod")
                let second: PodMutation.Outcome
                do throws(AdmissionDenial) {
                    second = try mutation.patch(patched, namespace: namespace)
                } catch {
                    throw FuzzFinding("the patched Pod is denied: \(error.message)")
                }
                try FuzzFinding.unless(
                    second.patch.isEmpty, "a second review changes the Pod: \(second.patch.json.text)")
            }
        }
    }

    private static func review(of pod: [UInt8]) -> [UInt8] {
        let head = """
            {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE",\
            "kind":{"group":"","version":"v1","kind":"Pod"},"namespace":"shop","object":
            """
        return Array(head.utf8) + pod + Array("}}".utf8)
    }

    /// Whether the names of containers and volumes, and those of labels and annotations, are all there.
    private static func keeps(_ pod: JSONValue, in patched: JSONValue) -> Bool {
        func names(_ value: JSONValue?) -> Set<String> {
            switch value {
            case .array(let elements): Set(elements.compactMap { $0["name"]?.stringValue })
            case .object(let members): Set(members.map(\.name))
            default: []
            }
        }
        let lists = ["containers", "initContainers", "volumes"]
        return lists.allSatisfy { names(pod["spec"]?[$0]).isSubset(of: names(patched["spec"]?[$0])) }
            && ["labels", "annotations"].allSatisfy {
                names(pod["metadata"]?[$0]).isSubset(of: names(patched["metadata"]?[$0]))
            } && names(pod).isSubset(of: names(patched)) && names(pod["spec"]).isSubset(of: names(patched["spec"]))
    }

    /// Two endpoints of the example provider, with a native and with a classic sidecar.
    private static let mutations: [PodMutation] = ["native", "classic"].compactMap { mode in
        func endpoint(_ name: String, label: String, _ variables: (String, String)) -> JSONValue {
            [
                "name": .string(name), "plugin": "example", "path": .string("/\(name)"),
                "issuer": ["host": .string("\(name).example.com")],
                "azRules": [["scope": "filter", "constraint": "(namespace=shop)"]],
                "injector": [
                    "label": .string(label), "token_environment_variable_name": .string(variables.0),
                    "label_value_environment_variable_name": .string(variables.1),
                ],
            ]
        }
        let document: JSONValue = [
            "injection": [
                "prefix": "tremolo.io", "gatewayURL": "https://sts-gateway.test.svc:8443",
                "sidecar": ["image": "example.com/sts-sidecar:1", "mode": .string(mode)],
            ],
            "sts": [
                "endpoints": [
                    endpoint("one", label: "example-role", ("EXAMPLE_TOKEN_FILE", "EXAMPLE_ROLE")),
                    endpoint("two", label: "two-role", ("TWO_TOKEN_FILE", "TWO_ROLE")),
                ]
            ],
        ]
        let loaded = ConfigurationLoader.load(
            ConfigurationNode(json: document), catalog: PluginCatalog(plugins: [ExampleProvider.self]),
            context: ConfigurationContext(namespace: "test", logger: Logger(label: "fuzz")))
        guard let configuration = loaded.configuration else { return nil }
        let policy = InjectionPolicy(
            configuration.injection, namespace: "test", standardImage: "example.com/sts-sidecar:1", trust: nil,
            serverVersion: nil)
        return PodMutation(policy, endpoints: configuration.endpoints)
    }
}
