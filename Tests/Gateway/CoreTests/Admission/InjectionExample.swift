import GatewayCore
import JSON

/// The configuration of the fixtures: the endpoints `one` and `two` of the example provider.
enum InjectionExample {
    static let policy = InjectionPolicy(
        prefix: "tremolo.io", server: "https://sts-gateway.test.svc:8443",
        sidecar: .init(image: "example.com/sts-sidecar:1", mode: .native), audience: "sts-gateway.test.svc")

    static func one(_ adding: [JSONValue.Member] = []) throws -> EndpointConfiguration {
        try ExampleEndpoint.configuration(adding)
    }

    static func two(_ adding: [JSONValue.Member] = []) throws -> EndpointConfiguration {
        try ExampleEndpoint.configuration(
            [
                .init("name", "two"), .init("path", "/deep/two"), .init("issuer", ["host": "two.example.com"]),
                .init(
                    "injector",
                    [
                        "label": "two-role", "token_environment_variable_name": "TWO_TOKEN_FILE",
                        "label_value_environment_variable_name": "TWO_ROLE",
                    ]),
            ] + adding)
    }

    static func mutation(_ change: (inout InjectionPolicy) -> Void = { _ in }) throws -> PodMutation {
        var policy = policy
        change(&policy)
        return PodMutation(policy, endpoints: [try one(), try two()])
    }

    /// - Parameters:
    ///   - labels: by name without the prefix.
    ///   - spec: members beside one container `app`, or in its place.
    static func pod(
        labels: [String] = ["example-role"], annotations: [String: String] = ["example-role": "reader"],
        spec: [JSONValue.Member] = []
    ) -> JSONValue {
        var members = spec
        if !members.contains(where: { $0.name == "containers" }) {
            members.append(.init("containers", [["name": "app"]]))
        }
        return [
            "metadata": [
                "labels": .object(labels.map { .init("tremolo.io/\($0)", "true") }),
                "annotations": .object(
                    annotations.sorted { $0.key < $1.key }.map { .init("tremolo.io/\($0.key)", .string($0.value)) }),
            ],
            "spec": .object(members),
        ]
    }
}
