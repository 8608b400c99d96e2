import AsyncHTTPClient
import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import HTTPTypes
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@testable import GatewayCore
@testable import GatewayServer

@Suite("The whole gateway: the webhook in a cluster", .wholeProcesses)
struct InjectionAcceptanceTests {
    private static func until(_ gateway: RunningGateway, _ condition: () async throws -> Bool) async throws {
        try await eventually(gateway.process.standardError, condition)
    }

    private static let configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"

    /// A gateway with a self-signed CA in a Secret, and the webhook configurations that it prints.
    private static func run(
        _ body: (AcceptanceCluster, RunningGateway, _ configuration: String) async throws -> Void
    ) async throws {
        try await AcceptanceCluster.run { cluster in
            // The permissions that the chart does not grant.
            for (verbs, resource) in [
                (["patch"], "secrets"), (["patch", "delete", "list", "watch"], "leases"),
                (["get", "watch", "update", "patch"], "pods"), (["update", "patch", "watch"], "events"),
                (["get", "list", "watch"], "namespaces"), (["list", "watch"], "serviceaccounts"),
                (["get", "list", "watch"], "configmaps"), (["get", "list", "watch"], "nodes"),
            ] {
                for verb in verbs { cluster.fake?.deny(verb, resource) }
            }
            // The name is cluster-scoped; two runs on one cluster must differ.
            let prefix = "sts-\(cluster.namespace.suffix(8))"
            try await RunningGateway.run(
                review: "{kubeconfig: \"\(cluster.kubeconfig)\"}", keyStore: "{kind: kubernetes}",
                namespace: cluster.namespace,
                adding: """
                    injection:
                      gatewayURL: https://sts-gateway.\(cluster.namespace).svc:8443
                      uninjectedPods: {interval: 30s}
                      serviceAccountAnnotations: true
                      webhook: {configuration: \(prefix)}
                    """,
                environment: ["POD_NAMESPACE": cluster.namespace, "POD_NAME": "gateway-0"]
            ) { gateway in
                let configurations = try await addConfigurations(cluster, gateway)
                let result: Result<Void, any Error>
                do {
                    result = .success(try await body(cluster, gateway, "\(prefix)-injector-one"))
                } catch {
                    result = .failure(error)
                }
                for item in configurations { _ = try? await cluster.send(.delete, path(of: item)) }
                try result.get()
                let ended = try await gateway.stop()
                #expect(ended.status == 0)
                #expect(!(ended.errors + ended.output).contains("PRIVATE KEY"))
                #expect(!ended.errors.contains("(403)"), "it requests more than it is granted: \(ended.errors)")
            }
        }
    }

    /// The webhook configurations that the gateway prints, created in the cluster. No Service answers them, and a real
    /// cluster has other Pods with the label: the API server calls them for namespaces that do not exist.
    private static func addConfigurations(_ cluster: AcceptanceCluster, _ gateway: RunningGateway) async throws
        -> [JSONValue]
    {
        let printed = try await ChildProcess.run(
            Place.gateway,
            [
                "webhook", "manifest", "--config", "\(gateway.folder.path)/gateway.yaml", "--plugins",
                "\(Place.repository)/plugins.json", "--namespace", cluster.namespace, "--json",
            ])
        #expect(printed.status == 0, "\(printed.errors)")
        let list = try JSONDecoder().decode(JSONValue.self, from: Data(printed.output.utf8))
        let items = list["items"]?.elementList ?? []
        #expect(items.count == 3)
        for item in items {
            let webhooks = (item["webhooks"]?.elementList ?? []).map { webhook in
                let found = webhook["namespaceSelector"]?["matchExpressions"]?.elementList ?? []
                let none: JSONValue = ["key": .string("sts-acceptance/\(cluster.namespace)"), "operator": "Exists"]
                return webhook.setting(.array(found + [none]), at: "namespaceSelector", "matchExpressions")
            }
            try await cluster.send(.post, configurations, item.setting(.array(webhooks), at: "webhooks"))
        }
        return items
    }

    private static func path(of item: JSONValue) -> String {
        "\(configurations)/\(item["metadata"]?["name"]?.stringValue ?? "")"
    }

    /// The caBundle of the webhook; nil where it is not set yet.
    private static func bundle(_ cluster: AcceptanceCluster, _ configuration: String) async throws -> String? {
        let object = try await cluster.send(.get, "\(configurations)/\(configuration)")
        let encoded = object["webhooks"]?.elementList?.first?["clientConfig"]?["caBundle"]?.stringValue
        return encoded.flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Sends a review as the API server does: with the name of the Service, trusting only the caBundle.
    private static func review(
        _ pod: JSONValue, _ cluster: AcceptanceCluster, _ gateway: RunningGateway, trusting bundle: String
    ) async throws -> JSONValue {
        let host = "sts-gateway-webhook.\(cluster.namespace).svc"
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(bundle.utf8)))
        var settings = HTTPClient.Configuration(tlsConfiguration: tls)
        settings.dnsOverride = [host: "127.0.0.1"]
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        var request = HTTPClientRequest(url: "https://\(host):\(gateway.webhookPort)/k8s/webhooks/v1/injector-one")
        request.method = .POST
        request.headers = ["Content-Type": "application/json"]
        let body: JSONValue = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": ["group": "", "version": "v1", "kind": "Pod"],
                "operation": "CREATE", "namespace": .string(cluster.namespace), "object": pod,
            ],
        ]
        request.body = .bytes(body.utf8Text)
        let answer: Result<JSONValue, any Error>
        do {
            let response = try await client.execute(request, timeout: .seconds(600))
            let bytes = try await response.body.collect(upTo: 1 << 20)
            answer = .success(try JSONDecoder().decode(JSONValue.self, from: Data(bytes.readableBytesView)))
        } catch {
            answer = .failure(error)
        }
        try await client.shutdown()
        return try answer.get()
    }

    private static func pod(_ annotations: JSONValue) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "web-0", "labels": ["tremolo.io/aws-role": "true"], "annotations": annotations],
            "spec": ["serviceAccountName": "web", "containers": [["name": "app", "image": "app:1"]]],
        ]
    }

    /// A Pod without webhook call and scheduling.
    private static let missedPod: JSONValue = [
        "metadata": [
            "name": "missed", "labels": ["tremolo.io/aws-role": "true"],
            "annotations": ["tremolo.io/aws-role": "arn:aws:iam::111111111111:role/web"],
        ],
        "spec": [
            "serviceAccountName": "other", "schedulerName": "none",
            "containers": [["name": "app", "image": "registry.k8s.io/pause:3.9"]],
        ],
    ]

    @Test("The API server can call the webhook with its caBundle, and Pods get the annotation of their ServiceAccount")
    func review() async throws {
        try await Self.run { cluster, gateway, configuration in
            var bundle: String?
            try await Self.until(gateway) {
                bundle = try await Self.bundle(cluster, configuration)
                return bundle != nil
            }
            let role = "arn:aws:iam::111111111111:role/web"
            let served = try await gateway.send(.GET, "/ca-bundle").text
            #expect(bundle == served)
            let answer = try await Self.review(
                Self.pod(["tremolo.io/aws-role": .string(role)]), cluster, gateway, trusting: try #require(bundle))
            let response = try #require(answer["response"])
            #expect(response["allowed"] == true)
            let encoded = try #require(response["patch"]?.stringValue.flatMap { Data(base64Encoded: $0) })
            let patch = String(decoding: encoded, as: UTF8.self)
            #expect(patch.contains(role))
            #expect(patch.contains("https://sts-gateway.\(cluster.namespace).svc:8443"))
            // The token listener has the same CA bundle.
            #expect(patch.contains("BEGIN CERTIFICATE"))

            let accounts = "/api/v1/namespaces/\(cluster.namespace)/serviceaccounts"
            let refused = try await Self.review(Self.pod([:]), cluster, gateway, trusting: served)
            #expect(refused["response"]?["allowed"] == false)
            try await cluster.send(
                .post, accounts,
                ["metadata": ["name": "web", "annotations": ["tremolo.io/aws-role": "arn:aws:iam::2:role/x"]]])
            let bad = try await Self.review(Self.pod([:]), cluster, gateway, trusting: served)
            #expect(bad["response"]?["status"]?["message"]?.stringValue?.contains("tremolo.io/aws-role: ") == true)
            let metrics = try await gateway.send(.GET, "/metrics", admin: true).text
            #expect(metrics.contains(#"sts_webhook_requests_total{result="injected"} 1"#))
            #expect(metrics.contains(#"sts_webhook_requests_total{result="denied"} 2"#))
        }
    }

    @Test("A changed caBundle is restored, and so is a deleted CA")
    func drift() async throws {
        try await Self.run { cluster, gateway, configuration in
            try await Self.until(gateway) { try await Self.bundle(cluster, configuration) != nil }
            let bundle = try await Self.bundle(cluster, configuration)
            let object = try await cluster.send(.get, "\(Self.configurations)/\(configuration)")
            // A real API server rejects invalid bundles, but accepts an empty one.
            let spoilt: JSONValue = cluster.fake == nil ? "" : "Z2FyYmFnZQ=="
            let webhooks = (object["webhooks"]?.elementList ?? []).map {
                $0.setting(spoilt, at: "clientConfig", "caBundle")
            }
            try await cluster.send(
                .put, "\(Self.configurations)/\(configuration)", object.setting(.array(webhooks), at: "webhooks"))
            try await Self.until(gateway) { try await Self.bundle(cluster, configuration) == bundle }

            let secret = "/api/v1/namespaces/\(cluster.namespace)/secrets/sts-gateway-serving"
            try await cluster.send(.delete, secret)
            try await Self.until(gateway) { (try? await cluster.send(.get, secret)) != nil }
            #expect(try await gateway.send(.GET, "/ca-bundle").text == bundle)
        }
    }

    @Test("A labelled Pod without a sidecar is counted, and a denied Pod has an Event")
    func silentMisses() async throws {
        try await Self.run { cluster, gateway, _ in
            let path = "/api/v1/namespaces/\(cluster.namespace)"
            try await cluster.send(.post, "\(path)/serviceaccounts", ["metadata": ["name": "other"]])
            let made = try await cluster.send(.post, "\(path)/pods", Self.missedPod)
            // The gateway's namespace is excluded from injection, so the Pod does not count; it has an Event all the
            // same.
            let uid = try #require(made["metadata"]?["uid"]?.stringValue)
            let token = try await cluster.token(
                serviceAccount: "other", pod: "missed", uid: uid, audiences: [ReviewAcceptanceTests.audience])
            #expect(try await gateway.exchange("/generic", token).status == 400)
            try await Self.until(gateway) {
                let events = try await cluster.send(.get, "\(path)/events")["items"]?.elementList ?? []
                return events.contains { event in
                    event["involvedObject"]?["uid"]?.stringValue == uid
                        && event["message"]?.stringValue?.hasPrefix("refused by policy of endpoint generic; audit id ")
                            == true
                }
            }
            try await cluster.withNamespace("\(cluster.namespace)-apps") { other in
                try await cluster.send(
                    .post, "/api/v1/namespaces/\(other)/serviceaccounts", ["metadata": ["name": "other"]])
                try await cluster.send(.post, "/api/v1/namespaces/\(other)/pods", Self.missedPod)
                try await Self.until(gateway) {
                    try await gateway.send(.GET, "/metrics", admin: true).text.contains(
                        #"sts_uninjected_pods{endpoint="one",reason="missing"} 1"#)
                }
            }
        }
    }
}
