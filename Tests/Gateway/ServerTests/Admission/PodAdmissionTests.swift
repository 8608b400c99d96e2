import GatewayCore
import JSON
import Testing

@testable import GatewayServer

@Suite("Admission: what a ServiceAccount says")
struct PodAdmissionTests {
    private let bare = ExampleWebhook.pod(annotations: [:], spec: [.init("serviceAccountName", "web")])

    @Test("A Pod without its own annotation has its ServiceAccount's, and one with it asks nobody")
    func found() async throws {
        let accounts = FakeServiceAccounts { ["tremolo.io/example-role": "writer"] }
        let webhook = try ExampleWebhook(serviceAccounts: accounts)
        let (pod, isPatched) = try await webhook.injected(bare, [("namespace", "shop")])
        #expect(isPatched)
        #expect(pod.text.contains(#"{"name":"EXAMPLE_ROLE","value":"writer"}"#))
        #expect(accounts.asked == ["tremolo.io/example-role of shop/web"])
        _ = try await webhook.injected(ExampleWebhook.pod())
        _ = try await webhook.injected(ExampleWebhook.pod(labels: [], annotations: [:]))
        #expect(accounts.asked.count == 1)
    }

    @Test("Where neither has the annotation the Pod is admitted and its author warned")
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

    @Test("Where the ServiceAccount cannot be read the Pod is refused for now, and never starts without its tokens")
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
                        + "tremolo.io/example-role; try again, or add the annotation to the Pod"))
        #expect(!answer.text.contains("operator") && webhook.log.text.contains("for the operator alone"))
        #expect(webhook.count("denied") == 1)
        #expect(try await webhook.injected(ExampleWebhook.pod()).isPatched, "Pods that need none go on")
    }

    @Test("Where ServiceAccounts count and there is no API server to ask, a Pod that needs one is refused")
    func noServer() async throws {
        let webhook = try ExampleWebhook(setting: { $0.readsServiceAccounts = true })
        #expect(try await webhook.response(to: ExampleWebhook.review(bare))["status"]?["code"] == 503)
        #expect(webhook.log.text.contains("no API server is configured"))
        #expect(try await webhook.injected(ExampleWebhook.pod()).isPatched)
    }

    @Test("Where there is no such ServiceAccount the Pod is refused")
    func absent() async throws {
        let webhook = try ExampleWebhook(serviceAccounts: FakeServiceAccounts { nil })
        let status = try await webhook.response(to: ExampleWebhook.review(bare))["status"]
        #expect(status?["code"] == 403)
        #expect(
            status?["message"]
                == .string(
                    "missing ServiceAccount \"web\", whose annotations are needed for tremolo.io/example-role; "
                        + "create it first, or add the annotation to the Pod"))
    }

    @Test(
        "A name that no ServiceAccount can have is refused, and asked of nobody",
        arguments: ["../../secrets/x", "A b", "x%2Fy"])
    func forgedName(name: String) async throws {
        let accounts = FakeServiceAccounts { [:] }
        let webhook = try ExampleWebhook(serviceAccounts: accounts)
        let pod = ExampleWebhook.pod(annotations: [:], spec: [.init("serviceAccountName", .string(name))])
        let status = try await webhook.response(to: ExampleWebhook.review(pod))["status"]
        #expect(status?["code"] == 400)
        #expect(accounts.asked.isEmpty)
    }

    @Test("Without the setting no ServiceAccount is asked, and a forged review learns nothing of one")
    func optedOut() async throws {
        let accounts = FakeServiceAccounts { ["tremolo.io/example-role": "writer"] }
        let webhook = try ExampleWebhook(serviceAccounts: accounts, setting: { $0.readsServiceAccounts = false })
        let answer = try await webhook.send(
            ExampleWebhook.review(bare, [("userInfo", ["username": "system:admin"]), ("namespace", "kube-system")]))
        #expect(!answer.text.contains("writer"))
        #expect(accounts.asked.isEmpty)
    }
}
