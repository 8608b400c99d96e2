import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import HTTPTypes
import Hummingbird
import JSON
import KubernetesAPI
import KubernetesTestSupport
import NIOCore
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The webhook's routes", .hangs)
struct WebhookRoutesTests {
    @Test("A Pod of the fixtures is patched as expected", arguments: PodFiles.admitted)
    func fixtures(name: String) async throws {
        let webhook = try ExampleWebhook()
        let (pod, _) = try await webhook.injected(try PodFiles.pod(name))
        #expect(pod.inOrder == (try PodFiles.pod("patched/\(name)").inOrder))
    }

    @Test("A Pod that cannot be injected is denied with the reason", arguments: PodFiles.denied)
    func denials(name: String) async throws {
        let webhook = try ExampleWebhook()
        let pod = try PodFiles.pod("denied/\(name)")
        let response = try await webhook.response(to: ExampleWebhook.review(pod))
        #expect(response["allowed"] == false)
        #expect(response["patch"] == nil)
        #expect(response["uid"] == "705ab4f5")
        let reason = try #require(try PodFiles.reasons()[name])
        let isOfField = ["spec", "metadata"].contains { reason.hasPrefix($0) }
        #expect(response["status"]?["message"] == .string("\(reason) (\(isOfField ? "STS1201" : "STS1202"))"))
        #expect(response["status"]?["code"] == (isOfField ? 400 : 403))
        #expect(webhook.count("denied") == 1)
    }

    @Test(
        "Two webhooks have the same result in either order, and the second adds nothing", arguments: PodFiles.admitted)
    func eitherOrder(name: String) async throws {
        let webhook = try ExampleWebhook()
        let pod = try PodFiles.pod(name)
        var results: [JSONValue] = []
        for (first, second) in [
            (ExampleWebhook.path, ExampleWebhook.otherPath), (ExampleWebhook.otherPath, ExampleWebhook.path),
        ] {
            let (once, _) = try await webhook.injected(pod, at: first)
            let (twice, isPatched) = try await webhook.injected(once, at: second)
            #expect(twice == once || once == pod)
            #expect(!isPatched || once == pod)
            results.append(twice)
        }
        #expect(results[0] == results[1])
    }

    @Test("The response has the version of the request", arguments: ["v1", "v1beta1"])
    func version(_ version: String) async throws {
        let webhook = try ExampleWebhook()
        let body = ExampleWebhook.review(ExampleWebhook.pod(), version: .string("admission.k8s.io/\(version)"))
        let answer = try await webhook.send(body)
        let review = try answer.json(JSONValue.self)
        #expect(review["apiVersion"] == .string("admission.k8s.io/\(version)"))
        #expect(review["kind"] == "AdmissionReview")
        #expect(answer.headers[.cacheControl] == "no-store")
    }

    @Test("Reviews of other operations, subresources and namespaces, and dry runs, are handled like any")
    func anyReview() async throws {
        let webhook = try ExampleWebhook()
        for change in [("operation", "UPDATE"), ("operation", "DELETE"), ("subResource", "ephemeralcontainers")] {
            let response = try await webhook.response(
                to: ExampleWebhook.review(ExampleWebhook.pod(), [(change.0, .string(change.1))]))
            #expect(response == ["allowed": true, "uid": "705ab4f5"])
        }
        #expect(webhook.count("unchanged") == 3)
        let pods = [
            try await webhook.injected(ExampleWebhook.pod(), [("dryRun", true)]).pod,
            try await webhook.injected(ExampleWebhook.pod(), [("dryRun", false)]).pod,
        ]
        #expect(pods[0] == pods[1])
        // The MutatingWebhookConfiguration excludes these; a request for one is handled all the same.
        for namespace in ["kube-system", "test"] {
            #expect(
                try await webhook.injected(ExampleWebhook.pod(), [("namespace", .string(namespace))]).isPatched)
        }
        #expect(webhook.count("injected") == 4)
    }

    /// Invalid reviews, and the status of the response.
    static let malformed: [(title: String, body: String)] = [
        ("nothing", ""), ("no JSON", "<html></html>"), ("cut", #"{"kind":"AdmissionReview""#), ("a list", "[]"),
        ("another object", #"{"kind":"Pod","apiVersion":"v1"}"#),
        ("no request", #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#),
        ("another version", ExampleWebhook.review(ExampleWebhook.pod(), version: "admission.k8s.io/v2")),
        ("no uid", ExampleWebhook.review(ExampleWebhook.pod(), [("uid", nil)])),
        (
            "a uid without end",
            ExampleWebhook.review(ExampleWebhook.pod(), [("uid", .string(String(repeating: "x", count: 257)))])
        ),
        ("a member twice", #"{"kind":"AdmissionReview","kind":"AdmissionReview"}"#),
        ("brackets", String(repeating: "[", count: 100_000)),
    ]

    @Test("An invalid review is 400 with the reason", arguments: malformed.map(\.title))
    func badBodies(title: String) async throws {
        let webhook = try ExampleWebhook()
        let body = try #require(Self.malformed.first { $0.title == title }?.body)
        let answer = try await webhook.send(body)
        #expect(answer.status == 400)
        let error = try answer.json([String: String].self)
        #expect(error["error"] == "invalid_request")
        #expect(error["error_description"]?.contains("; ") == true, "it says what to do")
        #expect(answer.text.utf8.count < 1_000)
        #expect(webhook.count("malformed") == 1)
    }

    /// Reviews of other objects than a Pod to create.
    static let wrongObjects: [(change: (String, JSONValue?), message: String)] = [
        (("kind", ["group": "", "version": "v1", "kind": "Secret"]), "the review is not for a Pod"),
        (("object", nil), "the review has no request.object"),
        (("object", .null), "the review has no request.object"),
        (("object", ["kind": "Secret"]), "request.object is not a Pod"),
        (("namespace", "../../etc"), "the review has no request.namespace"),
    ]

    @Test("A review of another kind, or without an object, is denied as a bad request", arguments: wrongObjects.indices)
    func otherObjects(index: Int) async throws {
        let webhook = try ExampleWebhook()
        let response = try await webhook.response(
            to: ExampleWebhook.review(ExampleWebhook.pod(), [Self.wrongObjects[index].change]))
        #expect(response["allowed"] == false)
        #expect(response["status"]?["code"] == 400)
        guard case .string(let message) = response["status"]?["message"] else {
            Issue.record("no message")
            return
        }
        #expect(message.hasPrefix(Self.wrongObjects[index].message))
        #expect(message.contains("; "), "it says what to do")
    }

    @Test("3 MiB are accepted and one byte more is not, with and without Content-Length")
    func size() async throws {
        let webhook = try ExampleWebhook()
        let review = ExampleWebhook.review(ExampleWebhook.pod())
        let full = review + String(repeating: " ", count: AdmissionReview.maximumLength - review.utf8.count)
        #expect(try await webhook.send(full).status == 200)
        #expect(try await webhook.send(full + " ").status == 413)
        let head = HTTPRequest(
            method: .post, scheme: "https", authority: "gateway.test", path: ExampleWebhook.path, headerFields: [:])
        let response = try await webhook.responder.respond(
            to: head, body: RequestBody(buffer: ByteBuffer(string: full + " ")), from: nil)
        #expect(response.status == .contentTooLarge)
        #expect(webhook.count("malformed") == 2)
    }

    @Test("The Content-Type is ignored")
    func contentType() async throws {
        let webhook = try ExampleWebhook()
        let body = ExampleWebhook.review(ExampleWebhook.pod())
        for type in [nil, "application/json; charset=utf-8", "text/plain"] {
            let headers: HTTPFields = type.map { [.contentType: $0] } ?? [:]
            #expect(try await webhook.send(body, headers: headers).status == 200)
        }
    }

    @Test("Only POST is supported, and only at the paths of the endpoints")
    func paths() async throws {
        let webhook = try ExampleWebhook()
        for method in [HTTPRequest.Method.get, .put, .head, .options] {
            let answer = try await webhook.send("", method: method)
            #expect(answer.status == 405)
            #expect(answer.headers[.allow] == "POST")
        }
        for path in ["/", "/one/token", "/k8s/webhooks/v1/", "/k8s/webhooks/v1/one"] {
            #expect(try await webhook.send(ExampleWebhook.review(ExampleWebhook.pod()), to: path).status == 404)
        }
        for name in ["three", "onex", "", "one/"] {
            let path = "/k8s/webhooks/v1/injector-\(name)"
            let response = try await webhook.response(to: ExampleWebhook.review(ExampleWebhook.pod()), at: path)
            #expect(response["status"]?["code"] == 503)
        }
        #expect(try await webhook.send("{}", to: "/k8s/webhooks/v1/x/../injector-one").status == 400)
    }

    @Test("Too many concurrent reviews are 429 with Retry-After, and the next one is handled")
    func overload() async throws {
        let limiter = AdmissionLimiter(limits: .init(waiting: 0), scheduler: TestScheduler().scheduler)
        let webhook = try ExampleWebhook(limiter: limiter, setting: { $0.webhook.concurrency = 1 })
        let body = ExampleWebhook.review(ExampleWebhook.pod())
        let (stream, hold) = AsyncStream.makeStream(of: Never.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await limiter.queue.run(atMost: 1) { for await _ in stream {} } }
            try await until { limiter.queue.load.running == 1 }
            let answer = try await webhook.send(body)
            #expect(answer.status == 429)
            #expect(answer.headers[.retryAfter] == "1")
            #expect(try answer.json([String: String].self)["error"] == "temporarily_unavailable")
            hold.finish()
            try await group.waitForAll()
        }
        #expect(try await webhook.send(body).status == 200)
        #expect(webhook.count("overloaded") == 1 && webhook.count("injected") == 1)
    }

    @Test("A caller that disconnects within its body is malformed, and its place is freed")
    func brokenBody() async throws {
        struct Gone: Error {}
        let limiter = AdmissionLimiter(scheduler: TestScheduler().scheduler)
        let webhook = try ExampleWebhook(limiter: limiter)
        let (body, source) = RequestBody.makeStream()
        source.finish(Gone())
        let head = HTTPRequest(
            method: .post, scheme: "https", authority: "gateway.test", path: ExampleWebhook.path, headerFields: [:])
        let response = try await webhook.responder.respond(to: head, body: body, from: nil)
        #expect(response.status == .internalServerError, "never one that allows")
        #expect(webhook.count("failed") == 1)
        #expect(limiter.queue.load == (0, 0))
    }

    @Test("The CA bundle is current for each review, and replaced in a Pod with the former one")
    func trust() async throws {
        let bundle = Mutex("FORMER")
        let webhook = try ExampleWebhook(trust: { bundle.withLock { $0 } })
        let (pod, _) = try await webhook.injected(ExampleWebhook.pod())
        #expect(pod.text.contains(#"{"name":"STS_CA_CERTIFICATES","value":"FORMER"}"#))
        bundle.withLock { $0 = "NEXT" }
        #expect(try await webhook.injected(ExampleWebhook.pod()).pod.text.contains(#""value":"NEXT"}"#))
        let (updated, isPatched) = try await webhook.injected(pod)
        #expect(isPatched && updated.text.contains(#"{"name":"STS_CA_CERTIFICATES","value":"NEXT"}"#))
        #expect(try await !webhook.injected(updated).isPatched)
    }

    @Test("The form of the sidecar depends on the API server's version, and an existing one stays")
    func serverVersion() async throws {
        let known = Mutex<KubernetesVersion?>(nil)
        let webhook = try ExampleWebhook(serverVersion: { known.withLock { $0 } }, setting: { $0.sidecarMode = .auto })
        let (classic, _) = try await webhook.injected(ExampleWebhook.pod())
        #expect(classic.text.contains("sts-sidecar-init"))
        known.withLock { $0 = KubernetesVersion(1, 33) }
        let (native, _) = try await webhook.injected(ExampleWebhook.pod())
        #expect(!native.text.contains("sts-sidecar-init"))
        #expect(try await !webhook.injected(classic).isPatched)
        known.withLock { $0 = nil }
        #expect(try await !webhook.injected(native).isPatched, "another replica may not know it yet")
    }

    @Test("Without a configured image the sidecar has the gateway's version")
    func standardImage() async throws {
        let webhook = try ExampleWebhook(setting: { $0.sidecarImage = nil })
        #expect(try await webhook.injected(ExampleWebhook.pod()).pod.text.contains(#""image":"sts-sidecar:1.2.3""#))
    }

    @Test("An annotation of 100 KiB is denied with the plugin's message, and shell characters are never expanded")
    func hostileAnnotations() async throws {
        let webhook = try ExampleWebhook()
        let long = ExampleWebhook.pod(annotations: ["example-role": String(repeating: "x", count: 102_400)])
        let response = try await webhook.response(to: ExampleWebhook.review(long))
        #expect(
            response["status"]?["message"]
                == .string(
                    "tremolo.io/example-role: the annotation is not one line of 1 to 100 bytes; "
                        + "write the name of a role (STS1202)"))
        let shell = ExampleWebhook.pod(annotations: ["example-role": "$(HOME) `id`; $$(X) '\""])
        let (pod, _) = try await webhook.injected(shell)
        let variable: JSONValue = ["name": "EXAMPLE_ROLE", "value": "$$(HOME) `id`; $$$$(X) '\""]
        #expect(pod.text.contains(variable.text))
    }

    @Test(
        "A Pod without the label of the called webhook, or by an unknown path, is denied until the gateway has reloaded"
    )
    func notLoaded() async throws {
        let webhook = try ExampleWebhook()
        let stray = ExampleWebhook.review(ExampleWebhook.pod(labels: ["new-role"]))
        let added = ExampleWebhook.review(ExampleWebhook.pod())
        for (review, path) in [(stray, ExampleWebhook.path), (added, "/k8s/webhooks/v1/injector-added")] {
            let response = try await webhook.response(to: review, at: path)
            #expect(response["allowed"] == false && response["patch"] == nil)
            #expect(response["uid"] == "705ab4f5")
            #expect(response["status"]?["code"] == 503)
            #expect(response["status"]?["details"]?["retryAfterSeconds"] == 1)
            let message = try #require(response["status"]?["message"]?.stringValue)
            #expect(message.hasPrefix("configuration not loaded yet; try again ("))
        }
        let update = ExampleWebhook.review(ExampleWebhook.pod(), [("operation", "UPDATE")])
        #expect(try await webhook.response(to: update, at: "/k8s/webhooks/v1/injector-added")["allowed"] == true)
        let optedOut = try await webhook.response(to: ExampleWebhook.review(ExampleWebhook.pod(labelled: "false")))
        #expect(optedOut["allowed"] == true && optedOut["warnings"] == nil)
        #expect(try await webhook.send(added, to: "/k8s/webhooks/v2/injector-one").status == 404)
    }

    @Test("A denial of a Pod names the other gateway that injects the same Pods")
    func conflict() async throws {
        let webhook = try ExampleWebhook(conflict: { "MutatingWebhookConfiguration second calls another Service" })
        let denied = ExampleWebhook.pod(annotations: ["example-role": String(repeating: "x", count: 101)])
        let response = try await webhook.response(to: ExampleWebhook.review(denied))
        let message = try #require(response["status"]?["message"]?.stringValue)
        #expect(message.hasSuffix("; MutatingWebhookConfiguration second calls another Service (STS1202)"))
        #expect(try await webhook.injected(ExampleWebhook.pod()).isPatched)
    }

    @Test("Each review that patched, warned or denied is one log line, without annotation values")
    func log() async throws {
        let webhook = try ExampleWebhook()
        let secret = "do-not-log-this"
        _ = try await webhook.send(
            ExampleWebhook.review(ExampleWebhook.pod(annotations: ["example-role": secret])))
        _ = try await webhook.send(
            ExampleWebhook.review(ExampleWebhook.pod(annotations: ["example-role": "a", "user": secret])))
        _ = try await webhook.send(ExampleWebhook.review(ExampleWebhook.pod(annotations: ["x": secret])))
        _ = try await webhook.send(ExampleWebhook.review(ExampleWebhook.pod(labelled: "false")))
        let lines = webhook.log.text.split(separator: "\n").filter { $0.contains("\"admission review\"") }
        #expect(lines.count == 3)
        for (line, result) in zip(lines, ["injected", "denied", "warned"]) {
            let record = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
            #expect(record.text.contains("\"\(result)\""))
            #expect(record.text.contains("\"705ab4f5\"") && record.text.contains("\"web-\""))
            #expect(record.text.contains("\"default\""))
        }
        #expect(lines.first?.contains("\"one\"") == true)
        #expect(!webhook.log.text.contains(secret))
        for result in ["injected", "denied", "warned", "unchanged"] { #expect(webhook.count(result) == 1) }
        #expect(webhook.backend.text.contains(#"sts_webhook_duration_seconds_count{result="injected"} 1"#))
    }
}
