import GatewayCore
import JSON
import Testing

@testable import GatewayServer

@Suite("Admission: annotations of the ServiceAccount")
struct PodAdmissionTests {
    private let bare = ExampleWebhook.pod(annotations: [:], spec: [.init("serviceAccountName", "web")])

    @Test("A Pod without an annotation has its ServiceAccount's, and one with it causes no read")
    func found() async throws {
        let accounts = FakeServiceAccounts { ["tremolo.io/example-role": "writer"] }
        let webhook = try ExampleWebhook(serviceAccounts: accounts)
        let (pod, isPatched) = try await webhook.injected(bare, [("namespace", "shop")])
        #expect(isPatched)
        #expect(pod.text.contains(#"{"name":"EXAMPLE_ROLE","value":"writer"}"#))
        #expect(accounts.asked == ["tremolo.io/example-role,tremolo.io/example-role-lifetime of shop/web"])
        _ = try await webhook.injected(ExampleWebhook.pod())
        _ = try await webhook.injected(ExampleWebhook.pod(labels: [], annotations: [:]))
        #expect(accounts.asked.count == 1)
    }

    @Test("Where neither has the annotation the Pod is allowed with a warning")
    func neither() async throws {
        let webhook = try ExampleWebhook(serviceAccounts: FakeServiceAccounts { [:] })
        let response = try await webhook.response(to: ExampleWebhook.review(bare))
        #expect(response["allowed"] == true && response["patch"] == nil)
        guard case .array(let warnings) = response["warnings"] else {
            Issue.record("no warning")
            return
        }
        #expect(warnings.count == 1 && warnings[0].text.contains("add the annotation"))
        #expect(webhook.count("warned") == 1)
    }

    @Test("Where the ServiceAccount is not readable the Pod is denied, and does not start without its tokens")
    func unreadable() async throws {
        let accounts = FakeServiceAccounts { () throws(ServiceAccountReadFailure) in
            throw ServiceAccountReadFailure(reason: "for the operator alone")
        }
        let webhook = try ExampleWebhook(serviceAccounts: accounts)
        let answer = try await webhook.send(ExampleWebhook.review(bare))
        let response = try answer.json(JSONValue.self)["response"]
        #expect(response?["allowed"] == false)
        let status = try #require(response?["status"])
        #expect(status["code"] == 503 && status["reason"] == "ServiceUnavailable")
        #expect(status["details"]?["retryAfterSeconds"] == 1)
        #expect(
            status["message"]
                == .string(
                    "the gateway cannot read the annotations of the ServiceAccount \"web\" for "
                        + "tremolo.io/example-role; try again, or add the annotation to the Pod (STS1203)"))
        #expect(!answer.text.contains("operator") && webhook.log.text.contains("for the operator alone"))
        #expect(webhook.count("denied") == 1)
        #expect(try await webhook.injected(ExampleWebhook.pod()).isPatched, "Pods that need none go on")
    }

    @Test("Where ServiceAccounts are used and there is no API server, a Pod that needs one is denied")
    func noServer() async throws {
        let webhook = try ExampleWebhook(setting: { $0.readsServiceAccounts = true })
        #expect(try await webhook.response(to: ExampleWebhook.review(bare))["status"]?["code"] == 503)
        #expect(webhook.log.text.contains("no API server is configured"))
        #expect(try await webhook.injected(ExampleWebhook.pod()).isPatched)
    }

    @Test("Where the ServiceAccount is missing the Pod is denied")
    func absent() async throws {
        let webhook = try ExampleWebhook(serviceAccounts: FakeServiceAccounts { nil })
        let status = try await webhook.response(to: ExampleWebhook.review(bare))["status"]
        #expect(status?["code"] == 403)
        #expect(
            status?["message"]
                == .string(
                    "missing ServiceAccount \"web\", whose annotations are needed for tremolo.io/example-role; "
                        + "create it first, or add the annotation to the Pod (STS1202)"))
    }

    @Test(
        "An invalid ServiceAccount name is rejected without a read",
        arguments: ["../../secrets/x", "A b", "x%2Fy"])
    func forgedName(name: String) async throws {
        let accounts = FakeServiceAccounts { [:] }
        let webhook = try ExampleWebhook(serviceAccounts: accounts)
        let pod = ExampleWebhook.pod(annotations: [:], spec: [.init("serviceAccountName", .string(name))])
        let status = try await webhook.response(to: ExampleWebhook.review(pod))["status"]
        #expect(status?["code"] == 400)
        #expect(accounts.asked.isEmpty)
    }

    @Test("Without the setting no ServiceAccount is read, and a forged review gets no data")
    func optedOut() async throws {
        let accounts = FakeServiceAccounts { ["tremolo.io/example-role": "writer"] }
        let webhook = try ExampleWebhook(serviceAccounts: accounts, setting: { $0.readsServiceAccounts = false })
        let answer = try await webhook.send(
            ExampleWebhook.review(bare, [("userInfo", ["username": "system:admin"]), ("namespace", "kube-system")]))
        #expect(!answer.text.contains("writer"))
        #expect(accounts.asked.isEmpty)
    }
}
