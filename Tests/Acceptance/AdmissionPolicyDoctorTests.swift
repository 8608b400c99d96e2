import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import HTTPTypes
import JSON
import Testing

@Suite("The whole gateway: doctor's checks of admission policies", .wholeProcesses)
struct AdmissionPolicyDoctorTests {
    private static let section = "admission policies"
    private static let name = "sts-gateway-injection"
    private static let resources: [String: (path: String, resource: APIResource)] = [
        "MutatingAdmissionPolicy": ("mutatingadmissionpolicies", .mutatingAdmissionPolicies),
        "MutatingAdmissionPolicyBinding": ("mutatingadmissionpolicybindings", .mutatingAdmissionPolicyBindings),
        "ValidatingAdmissionPolicy": ("validatingadmissionpolicies", .validatingAdmissionPolicies),
        "ValidatingAdmissionPolicyBinding": ("validatingadmissionpolicybindings", .validatingAdmissionPolicyBindings),
    ]
    private static let group = "/apis/admissionregistration.k8s.io/v1"

    /// A cluster, and a configuration with another `injection` than that of its gateway.
    private struct Policies {
        let cluster: DiagnosedCluster

        func file(_ injection: String) throws -> String {
            let gateway = "\(cluster.gateway.folder.path)/gateway.yaml"
            let file = "\(cluster.gateway.folder.path)/policies.yaml"
            // The audience of the policies is that of the gateway's namespace.
            let text = try String(contentsOfFile: gateway, encoding: .utf8).replacingOccurrences(
                of: "[sts-gateway.test.svc]",
                with: "[sts-gateway.test.svc, sts-gateway.\(cluster.cluster.namespace).svc]")
            try "\(text)\ninjection: \(injection)\n".write(toFile: file, atomically: true, encoding: .utf8)
            return file
        }

        func doctor(_ injection: String = "{admission: policy}", _ more: String...) async throws -> DoctorFindings {
            let plugins = ["--plugins", "\(Place.repository)/plugins.json"]
            return try DoctorFindings(
                try await cluster.run(
                    ["doctor", "--config", try file(injection)] + plugins
                        + ["--gateway-namespace", cluster.cluster.namespace, "--json"] + more))
        }

        /// Applies the output of `policy manifest`.
        func apply(ca: String) async throws {
            let bundle = "\(cluster.gateway.folder.path)/ca.pem"
            try ca.write(toFile: bundle, atomically: true, encoding: .utf8)
            let printed = try await ChildProcess.run(
                Place.gateway,
                [
                    "policy", "manifest", "--config", try file("{admission: policy}"), "--json", "--namespace",
                    cluster.cluster.namespace, "--ca-file", bundle, "--plugins",
                    "\(Place.repository)/plugins.json",
                ])
            let list = try JSONDecoder().decode(JSONValue.self, from: Data(printed.output.utf8))
            for item in list["items"]?.elementList ?? [] {
                let kind = item["kind"]?.stringValue ?? ""
                let path = AdmissionPolicyDoctorTests.resources[kind]?.path ?? ""
                try await cluster.cluster.send(.post, "\(AdmissionPolicyDoctorTests.group)/\(path)", item)
            }
        }

        func webhook() async throws -> JSONValue {
            try await cluster.cluster.send(
                .get, "\(AdmissionPolicyDoctorTests.group)/mutatingwebhookconfigurations/sts-gateway-injector-one")
        }
    }

    @Test("Each fault of the policies, and of what injects, is named")
    func faults() async throws {
        try await DiagnosedCluster.run { cluster in
            let (api, policies) = (cluster.api, Policies(cluster: cluster))
            func check(_ check: String, _ code: String?, _ what: String, _ found: DoctorFindings) {
                let findings = found.findings.filter {
                    $0["section"]?.stringValue == Self.section && $0["check"]?.stringValue == check
                }
                let codes = findings.compactMap { $0["code"]?.stringValue }
                #expect(
                    code == nil ? codes.isEmpty && !findings.isEmpty : codes.contains(code ?? ""), "\(what): \(found)")
                let faults = findings.filter { $0["code"] != nil }
                #expect(faults.allSatisfy { $0["advice"]?.stringValue?.isEmpty == false }, "\(what)")
            }
            // The webhook alone, as configured.
            let none = try await cluster.doctor("--pod", "\(cluster.space)/web")
            #expect(none.findings.allSatisfy { $0["section"]?.stringValue != Self.section }, "\(none)")

            check("policies", "STS2066", "an old API server", try await policies.doctor())
            let auto = try await policies.doctor("{admission: auto}")
            #expect(auto.findings.allSatisfy { $0["section"]?.stringValue != Self.section }, "\(auto)")

            api.setMinorVersion(36)
            let missing = try await policies.doctor()
            check("policies", "STS2061", "no policies", missing)
            #expect(missing.codes.count { $0 == "STS2061" } == 6)
            #expect(missing["webhook", "configuration"]?["status"] == "ok", "the webhook injects: \(missing)")
            check(
                "policies", "STS2066", "unsupported",
                try await policies.doctor("{admission: policy, sidecar: {mode: classic}}"))

            let webhook = try await policies.webhook()
            let encoded = webhook["webhooks"]?.elementList?.first?["clientConfig"]?["caBundle"]?.stringValue ?? ""
            let bundle = Data(base64Encoded: encoded).map { String(decoding: $0, as: UTF8.self) } ?? ""
            try await policies.apply(ca: bundle)
            let both = try await policies.doctor()
            check("policies", nil, "complete", both)
            check("in force", "STS2064", "both kinds", both)
            check("CA bundle", nil, "the gateway's CA", both)
            check("in force", "STS2064", "both kinds, back to the webhook", try await cluster.doctor())

            try await cluster.cluster.send(
                .delete, "\(Self.group)/mutatingwebhookconfigurations/sts-gateway-injector-one")
            let alone = try await policies.doctor()
            check("in force", nil, "policies alone", alone)
            #expect(alone.status("webhook", "configuration") == "not_checked", "\(alone)")
            let excluded = "{admission: policy, webhook: {excludedNamespaces: [\(cluster.space)]}}"
            check(
                "in force", "STS2065", "excluded", try await policies.doctor(excluded, "--pod", "\(cluster.space)/web"))

            try api.patch(
                .mutatingAdmissionPolicies, name: Self.name, ["spec": ["failurePolicy": "Ignore"]])
            check("policies", "STS2062", "another failurePolicy", try await policies.doctor())
            try api.patch(
                .mutatingAdmissionPolicies, name: Self.name,
                ["metadata": ["labels": ["app.kubernetes.io/version": "99.0.0"]]])
            check("policies", "STS2063", "a newer version", try await policies.doctor())
            for (path, resource) in Self.resources.values {
                for name in [Self.name, "\(Self.name)-warnings"] where api.object(resource, name: name) != nil {
                    try await cluster.cluster.send(.delete, "\(Self.group)/\(path)/\(name)")
                }
            }
            check("in force", "STS2065", "nothing", try await policies.doctor())
            try await policies.apply(ca: api.authorityPEM)
            check("CA bundle", "STS2067", "another CA", try await policies.doctor())

            api.deny("get", "mutatingadmissionpolicies")
            let denied = try await policies.doctor()
            #expect(
                denied[Self.section, "policies"]?["cause"]?.stringValue == "needs get on mutatingadmissionpolicies",
                "\(denied)")
        }
    }
}
