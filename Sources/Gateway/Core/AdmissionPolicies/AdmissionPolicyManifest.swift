import GatewayPluginAPI
package import JSON
package import KubernetesAPI

/// The admission policies that inject Pods in place of the webhook: a mutating policy, a validating one that denies Pods
/// without their tokens, and one that warns; each with its binding. They need no webhook, and depend on no gateway when a
/// Pod is created.
package struct AdmissionPolicyManifest: Sendable {
    /// The version of the API that has mutating policies.
    package static let apiVersion = "admissionregistration.k8s.io/v1"
    /// The first API server with mutating policies in that version.
    package static let firstServer = KubernetesVersion(1, 36)

    /// Why a configuration cannot be expressed as policies, with the key that decides it.
    package struct Unsupported: Error, Equatable {
        package let reasons: [String]
    }

    private let injection: GatewayConfiguration.Injection
    private let policy: InjectionPolicy
    private let endpoints: [PolicyEndpoint]
    private let namespace: String
    private let version: String

    /// - Parameters:
    ///   - policy: with the CA bundle and the version of the API server.
    ///   - namespace: the gateway's namespace.
    ///   - version: the gateway's version.
    /// - Throws: ``Unsupported``.
    package init(
        _ endpoints: [EndpointConfiguration], _ injection: GatewayConfiguration.Injection, _ policy: InjectionPolicy,
        namespace: String, version: String
    ) throws(Unsupported) {
        var reasons: [String] = []
        if injection.readsServiceAccounts {
            reasons.append("injection.serviceAccountAnnotations: not supported by policies; use admission: webhook")
        }
        if injection.sidecarMode == .classic {
            reasons.append(
                "injection.sidecar.mode: classic is not supported by policies; use native, or admission: webhook")
        }
        var converted: [PolicyEndpoint] = []
        for (index, endpoint) in endpoints.sorted(by: { $0.name < $1.name }).enumerated() {
            guard let rules = endpoint.provider.injectionRules else {
                reasons.append(
                    "the plugin \(endpoint.pluginID.rawValue) of the endpoint \(endpoint.name) has no injectionRules; use "
                        + "admission: webhook")
                continue
            }
            if !endpoint.subjectToken.audiences.contains(policy.audience) {
                reasons.append(
                    "the endpoint \(endpoint.name) does not accept the audience \(policy.audience); add it to "
                        + "subjectToken.audiences")
            }
            converted.append(PolicyEndpoint(endpoint, rules, index: index, policy))
        }
        guard reasons.isEmpty else { throw Unsupported(reasons: reasons) }
        self.injection = injection
        self.policy = policy
        self.endpoints = converted
        self.namespace = namespace
        self.version = version
        reasons = objects.flatMap { Self.excesses(of: $0) }
        guard reasons.isEmpty else { throw Unsupported(reasons: reasons) }
    }

    /// The name of the policies and bindings.
    package var name: String { "\(injection.webhook.configurationPrefix)-injection" }
    private var warningName: String { "\(name)-warnings" }

    /// The kinds and names of ``objects``.
    package static func places(instance: String) -> [(kind: String, name: String)] {
        let name = "\(instance)-injection"
        let validating = [name, "\(name)-warnings"].flatMap { name in
            [("ValidatingAdmissionPolicy", name), ("ValidatingAdmissionPolicyBinding", name)]
        }
        return validating + [("MutatingAdmissionPolicy", name), ("MutatingAdmissionPolicyBinding", name)]
    }

    /// The objects, in the order in which they must be in force: a Pod is denied until it is also injected.
    package var objects: [JSONValue] {
        guard !endpoints.isEmpty else { return [] }
        return [
            object("ValidatingAdmissionPolicy", name, denyingSpec),
            binding("ValidatingAdmissionPolicyBinding", name, ["validationActions": ["Deny"]]),
            object("ValidatingAdmissionPolicy", warningName, warningSpec),
            binding("ValidatingAdmissionPolicyBinding", warningName, ["validationActions": ["Warn"]]),
            object("MutatingAdmissionPolicy", name, mutatingSpec),
            binding("MutatingAdmissionPolicyBinding", name, [:]),
        ]
    }

    private func object(_ kind: String, _ name: String, _ spec: JSONValue) -> JSONValue {
        [
            "apiVersion": .string(Self.apiVersion), "kind": .string(kind),
            "metadata": [
                "name": .string(name),
                "labels": [
                    "app.kubernetes.io/name": "sts-gateway",
                    "app.kubernetes.io/instance": .string(injection.webhook.configurationPrefix),
                    "app.kubernetes.io/component": "policy", "app.kubernetes.io/version": .string(version),
                ],
            ],
            "spec": spec,
        ]
    }

    private func binding(_ kind: String, _ name: String, _ more: JSONValue) -> JSONValue {
        object(kind, name, .object([.init("policyName", .string(name))] + more.memberList))
    }

    private var constraints: JSONValue {
        [
            "resourceRules": [
                [
                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
                    "scope": "Namespaced",
                ]
            ],
            "matchPolicy": "Equivalent", "objectSelector": [:],
            "namespaceSelector": [
                "matchExpressions": [
                    [
                        "key": "kubernetes.io/metadata.name", "operator": "NotIn",
                        "values": .array(
                            WebhookConfigurationManifest.excludedNamespaces(
                                injection.webhook.excludedNamespaces, besides: namespace
                            ).map(JSONValue.string)),
                    ]
                ]
            ],
        ]
    }

    /// Variables do not exist in match conditions.
    private var conditions: JSONValue {
        let keys = CEL.texts(Set(endpoints.map(\.key)).sorted())
        return [
            [
                "name": "has-a-label",
                "expression": .string(
                    "has(object.metadata.labels) && \(keys).exists(k, k in object.metadata.labels && "
                        + "object.metadata.labels[k] != 'false')"),
            ],
            [
                "name": "is-no-mirror",
                "expression":
                    "!(has(object.metadata.annotations) && 'kubernetes.io/config.mirror' in object.metadata.annotations)",
            ],
        ]
    }

    private func variables(_ list: [(name: String, expression: String)]) -> JSONValue {
        .array(list.map { ["name": .string($0.name), "expression": .string($0.expression)] })
    }

    private var mutatingSpec: JSONValue {
        let expressions = InjectionExpressions(policy: policy, endpoints: endpoints)
        return [
            "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded", "matchConstraints": constraints,
            "matchConditions": conditions, "variables": variables(expressions.common + expressions.additions),
            "mutations": [["patchType": "JSONPatch", "jsonPatch": ["expression": .string(expressions.mutation)]]],
        ]
    }

    private var denyingSpec: JSONValue {
        validatingSpec(
            InjectionExpressions(policy: policy, endpoints: endpoints).common,
            PodConditions(policy: policy, endpoints: endpoints).validations)
    }

    private var warningSpec: JSONValue {
        let expressions = InjectionExpressions(policy: policy, endpoints: endpoints)
        let annotations = endpoints.indices.filter { endpoints[$0].endpoint.injector.annotation == .required }
            .map(expressions.annotationVariable)
        return validatingSpec(expressions.metadata + annotations, warnings)
    }

    private func validatingSpec(
        _ list: [(name: String, expression: String)], _ validations: [(expression: String, message: String)]
    ) -> JSONValue {
        [
            "failurePolicy": "Fail", "matchConstraints": constraints, "matchConditions": conditions,
            "variables": variables(list),
            "validations": .array(
                validations.map {
                    ["expression": .string($0.expression), "message": .string($0.message), "reason": "Forbidden"]
                }),
        ]
    }

    /// At least one, since an API server rejects a policy without a validation.
    private var warnings: [(expression: String, message: String)] {
        let required = endpoints.filter { $0.endpoint.injector.annotation == .required }
        guard !required.isEmpty else { return [("true", "no endpoint needs an annotation")] }
        return required.map { endpoint in
            (
                "!\(endpoint.isLabeled) || \(endpoint.annotation) != ''",
                "the Pod has the label \(endpoint.key), but no annotation of that name, so nothing is injected for "
                    + "\(endpoint.name); add the annotation"
            )
        }
    }
}
