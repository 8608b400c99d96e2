import GatewayCore
import JSON
import Testing

@Suite("Admission: the sidecar's settings")
struct SidecarSettingsTests {
    private func patched(_ change: (inout InjectionPolicy) -> Void) throws -> JSONValue {
        let pod = InjectionExample.pod()
        return try #require(
            try InjectionExample.mutation(change).patch(pod, namespace: "shop").patch.applied(to: pod))
    }

    @Test("CA bundle, file mode, and lifetime and audience of the subject token are configurable")
    func settings() throws {
        let pod = try patched {
            $0.trust = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
            $0.sidecar.tokenMode = 0o440
            $0.subjectTokenLifetime = 60
            $0.audience = "another"
        }
        let text = pod.sorted.text
        let trust = JSONValue.object([
            .init("name", "STS_CA_CERTIFICATES"),
            .init("value", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"),
        ])
        #expect(text.contains(trust.text))
        #expect(text.contains(#"{"name":"STS_TOKEN_MODE","value":"0440"}"#))
        // Kubernetes rejects less than ten minutes, and the endpoint accepts its own audience only.
        #expect(text.contains(#"{"audience":"sts-gateway.test.svc","expirationSeconds":600,"path":"token"}"#))
    }

    @Test("A CA bundle that changes between two reviews of a Pod is replaced in the Pod")
    func renewedAuthority() throws {
        let pod = try patched { $0.trust = "old" }
        let second = try InjectionExample.mutation { $0.trust = "new" }.patch(pod, namespace: "shop").patch
        #expect(
            second.json.text
                == #"[{"op":"replace","path":"/spec/initContainers/0/env/2","#
                + #""value":{"name":"STS_CA_CERTIFICATES","value":"new"}}]"#)
    }

    @Test("The subject token has an audience that all endpoints accept; without one the Pod is denied")
    func audiences() throws {
        let pod = InjectionExample.pod(
            labels: ["example-role", "two-role"], annotations: ["example-role": "a", "two-role": "b"])
        func mutation(_ one: JSONValue, _ two: JSONValue) throws -> PodMutation {
            PodMutation(
                InjectionExample.policy,
                endpoints: [
                    try InjectionExample.one([.init("subjectToken", ["audiences": one])]),
                    try InjectionExample.two([.init("subjectToken", ["audiences": two])]),
                ])
        }
        let common = try mutation(["z", "b", "a"], ["x", "b", "z"]).patch(pod, namespace: "shop")
        #expect(common.patch.json.sorted.text.contains(#""audience":"b""#))
        let preferred = try mutation(["a", "sts-gateway.test.svc"], ["sts-gateway.test.svc", "a"])
        #expect(
            try preferred.patch(pod, namespace: "shop").patch.json.text.contains(#""audience":"sts-gateway.test.svc""#))
        let denial = #expect(throws: AdmissionDenial.self) {
            try mutation(["a"], ["b"]).patch(pod, namespace: "shop")
        }
        #expect(
            denial?.message
                == "the endpoints one, two accept ServiceAccount tokens of different audiences, but a Pod has one token; "
                + "request one endpoint only, or let the gateway's operator configure a common audience")
    }
}
