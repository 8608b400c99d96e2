import GatewayTestSupport
import JSON
import Testing

@testable import GatewayCore

@Suite("Admission: lengths and numbers that a Pod's author chooses")
struct SettingsLengthTests {
    private func pod(endpoints: String) -> JSONValue {
        [
            "metadata": [
                "name": "web", "labels": ["tremolo.io/example-role": "true"],
                "annotations": ["tremolo.io/example-role": "reader", "tremolo.io/injected": "one"],
            ],
            "spec": [
                "containers": [["name": "app", "image": "example.com/app"]],
                "initContainers": [
                    [
                        "name": "sts-sidecar", "args": ["run"], "restartPolicy": "Always",
                        "env": [["name": "STS_ENDPOINTS", "value": .string(endpoints)]],
                    ]
                ],
            ],
        ]
    }

    @Test("Endpoints of an earlier injection that are too long are denied", arguments: [8_000, 8_300])
    func endpoints(length: Int) throws {
        let mutation = try InjectionExample.mutation()
        let pod = pod(endpoints: "other=/" + String(repeating: "a", count: length))
        let denial: AdmissionDenial?
        do throws(AdmissionDenial) {
            _ = try mutation.patch(pod, namespace: "default")
            denial = nil
        } catch {
            denial = error
        }
        #expect(denial?.message == (length < 8_192 ? nil : SidecarEndpoints.tooLong))
    }

    @Test(
        "The token's lifetime follows the grace period, whatever number it is",
        arguments: [
            (Int.min, 3_600), (-1, 3_600), (0, 3_600), (720, 3_600), (721, 3_605), (17_280, 86_400), (17_281, 86_400),
            (Int.max / 5 + 1, 86_400), (Int.max, 86_400),
        ])
    func gracePeriod(seconds: Int, lifetime: Int) {
        let policy = InjectionPolicy(
            prefix: "a", server: "https://a", sidecar: .init(image: "a"), audience: "a", subjectTokenLifetime: 3_600)
        #expect(policy.subjectTokenLifetime(terminationGracePeriod: seconds) == lifetime)
    }
}
