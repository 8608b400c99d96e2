import AsyncHTTPClient
import FakeKubernetesAPI
import Foundation
import GatewayCore
import GatewayTestSupport
import HTTPTypes
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

/// A gateway in a fake cluster, as `doctor` and `token` see it: with a Pod, webhook configurations and workloads.
struct DiagnosedCluster {
    static let role = "arn:aws:iam::111111111111:role/web"
    static let key = "tremolo.io/aws-role"
    /// Values that no command may print.
    static let canary = "canary-value-that-nobody-may-see"

    let cluster: AcceptanceCluster
    let api: FakeKubernetesAPI
    let gateway: RunningGateway
    /// The namespace of the workloads.
    let space: String

    static func run(_ body: (DiagnosedCluster) async throws -> Void) async throws {
        try await FakeKubernetesAPI.run(clock: { Date() }, sleep: FakeKubernetesAPI.realTime) { api in
            try await AcceptanceCluster.run(with: api) { cluster in
                let space = "\(cluster.namespace)-apps"
                try await RunningGateway.run(
                    configuration: configuration(cluster, space), keyStore: "{kind: kubernetes}",
                    environment: ["POD_NAMESPACE": cluster.namespace, "POD_NAME": "gateway-0"]
                ) { gateway in
                    let found = DiagnosedCluster(cluster: cluster, api: api, gateway: gateway, space: space)
                    try await found.prepare()
                    try await cluster.withNamespace(space) { _ in
                        try await found.addWorkload("web")
                        try await body(found)
                    }
                }
            }
        }
    }

    /// One endpoint, whose issuer nobody serves.
    private static func configuration(_ cluster: AcceptanceCluster, _ space: String) -> String {
        """
        cluster: acceptance
        limits: \(RunningGateway.patientLimits)
        review: {kubeconfig: "\(cluster.kubeconfig)"}
        keyStore: {kind: kubernetes}
        sts:
          endpoints:
          - name: one
            plugin: aws
            path: /team/one
            issuer: {host: one.cloudfront.example}
            publish: {probe: {enabled: false}}
            azRules: [{scope: filter, constraint: "(namespace=\(space))"}]
            subjectToken: {audiences: [sts-gateway.test.svc]}
        """
    }

    private func prepare() async throws {
        try await cluster.send(
            .post, "/api/v1/namespaces/\(cluster.namespace)/serviceaccounts", ["metadata": ["name": "sts-gateway"]])
        try await cluster.send(
            .post, "/api/v1/namespaces/\(cluster.namespace)/pods",
            [
                "metadata": ["name": "gateway-0", "labels": ["app.kubernetes.io/name": "sts-gateway"]],
                "spec": [
                    "serviceAccountName": "sts-gateway", "containers": [["name": "gateway", "image": "example.com/x"]],
                ],
                "status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]],
            ])
        listen()
        api.setWebhooks { [gateway] pod, namespace in await Self.review(pod, namespace, gateway) }
        let printed = try await ChildProcess.run(
            Place.gateway, ["webhook", "manifest"] + options + ["--namespace", cluster.namespace, "--json"])
        let list = try JSONDecoder().decode(JSONValue.self, from: Data(printed.output.utf8))
        for item in list["items"]?.elementList ?? [] {
            try await cluster.send(
                .post, "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", item)
        }
        try await eventually(gateway.process.standardError) {
            let name = "sts-gateway-injector-one"
            let found = try await cluster.send(
                .get, "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/\(name)")
            return found["webhooks"]?.elementList?.first?["clientConfig"]?["caBundle"] != nil
        }
        try await eventually(gateway.process.standardError) {
            let lease = "/apis/coordination.k8s.io/v1/namespaces/\(cluster.namespace)/leases/sts-gateway"
            return (try? await cluster.send(.get, lease)) != nil
        }
    }

    /// Lets the Pod of the gateway answer the API server's proxy.
    ///
    /// - Parameter certificate: what it says that it serves, in PEM; nil for the truth.
    func listen(certificate: String? = nil) {
        api.setProxy(
            { [gateway] request in
                if let certificate, request.path == "/serving-certificates" {
                    let page: JSONValue = ["chains": [.string(certificate)]]
                    return .init(status: 200, contentType: "application/json", body: page.utf8Text)
                }
                let answer = try await gateway.send(
                    request.method == "POST" ? .POST : .GET, request.path,
                    headers: request.contentType.isEmpty ? [:] : ["Content-Type": request.contentType],
                    body: request.body.isEmpty ? nil : String(decoding: request.body, as: UTF8.self),
                    admin: request.port == 9090)
                return .init(
                    status: answer.status, contentType: answer.headers.first(name: "Content-Type") ?? "text/plain",
                    body: answer.body)
            }, namespace: cluster.namespace, pod: "gateway-0")
    }

    /// Sends a review to the webhook, as the API server does.
    private static func review(
        _ pod: JSONValue, _ namespace: String, _ gateway: RunningGateway
    ) async -> ClusterHooks.Admission {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(tlsConfiguration: tls))
        var request = HTTPClientRequest(
            url: "https://localhost:\(gateway.webhookPort)/k8s/webhooks/v1/injector-one")
        request.method = .POST
        request.headers = ["Content-Type": "application/json"]
        let body: JSONValue = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": ["group": "", "version": "v1", "kind": "Pod"],
                "operation": "CREATE", "namespace": .string(namespace), "object": pod,
            ],
        ]
        request.body = .bytes(body.utf8Text)
        var outcome = ClusterHooks.Admission.denied("failed calling webhook \"injector-one.sts-gateway.io\"")
        if let response = try? await client.execute(request, timeout: .seconds(600)),
            let bytes = try? await response.body.collect(upTo: 1 << 20),
            let answer = try? JSONValue(parsing: Array(bytes.readableBytesView))["response"]
        {
            if answer["allowed"] == true {
                let patch = answer["patch"]?.stringValue.flatMap { Data(base64Encoded: $0) }
                outcome = .admitted(patch.flatMap { Self.patched(pod, Array($0)) } ?? pod)
            } else {
                outcome = .denied(
                    "admission webhook \"injector-one.sts-gateway.io\" denied the request: "
                        + (answer["status"]?["message"]?.stringValue ?? ""))
            }
        }
        try? await client.shutdown()
        return outcome
    }

    private static func patched(_ pod: JSONValue, _ patch: [UInt8]) -> JSONValue? {
        guard let operations = try? JSONValue(parsing: patch).elementList else { return nil }
        let made = operations.compactMap { operation -> JSONPatch.Operation? in
            guard let path = operation["path"]?.stringValue.flatMap({ JSONPointer(parsing: $0) }),
                let value = operation["value"]
            else { return nil }
            return JSONPatch.Operation(path, value, kind: operation["op"] == "replace" ? .replace : .add)
        }
        return JSONPatch(made).applied(to: pod)
    }

    // MARK: Workloads

    static func pod(_ name: String, serviceAccount: String, labels: JSONValue, annotations: JSONValue) -> JSONValue {
        [
            "metadata": ["name": .string(name), "labels": labels, "annotations": annotations],
            "spec": [
                "serviceAccountName": .string(serviceAccount),
                "containers": [
                    [
                        "name": "app", "image": "example.com/app",
                        "env": [["name": "PASSWORD", "value": .string(canary)]],
                    ]
                ],
            ],
            "status": ["phase": "Running"],
        ]
    }

    /// Creates a ServiceAccount and an injected Pod of the same name.
    func addWorkload(_ name: String) async throws {
        let path = "/api/v1/namespaces/\(space)"
        try await cluster.send(.post, "\(path)/serviceaccounts", ["metadata": ["name": .string(name)]])
        let pod = Self.pod(
            name, serviceAccount: name, labels: .object([.init(Self.key, "true")]),
            annotations: .object([.init(Self.key, .string(Self.role))]))
        try await add(pod, isInjected: true)
    }

    func add(_ pod: JSONValue, isInjected: Bool) async throws {
        let path = "/api/v1/namespaces/\(space)/pods"
        guard isInjected else {
            try await cluster.send(.post, path, pod)
            return
        }
        guard case .admitted(let patched) = await Self.review(pod, space, gateway) else {
            throw AcceptanceCluster.Refused(status: 403, answer: "the Pod is denied")
        }
        try await cluster.send(.post, path, patched)
    }

    // MARK: Commands

    var options: [String] {
        ["--config", "\(gateway.folder.path)/gateway.yaml", "--plugins", "\(Place.repository)/plugins.json"]
    }

    /// Runs a command with the kubeconfig of the client, and checks that its output has no secret.
    func run(_ arguments: [String], kubeconfig: String? = nil, isSecret: Bool = false) async throws
        -> ChildProcess.Ended
    {
        let ended = try await ChildProcess.run(
            Place.gateway, arguments,
            environment: [
                "KUBECONFIG": kubeconfig ?? cluster.kubeconfig, "POD_NAMESPACE": "", "CANARY": Self.canary,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
                "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
            ])
        if !isSecret { try await checkSecrecy(ended.output + ended.errors) }
        return ended
    }

    private func checkSecrecy(_ output: String) async throws {
        #expect(!output.contains("eyJ"), "a token is printed")
        #expect(!output.contains(Self.canary), "the value of a variable is printed")
        #expect(!output.contains("PRIVATE KEY"))
        #expect(!output.contains(api.clientToken))
        let secrets = try await cluster.send(.get, "/api/v1/namespaces/\(cluster.namespace)/secrets")
        for secret in secrets["items"]?.elementList ?? [] {
            for member in secret["data"]?.memberList ?? [] {
                guard let value = member.value.stringValue, value.utf8.count > 32 else { continue }
                #expect(!output.contains(value), "the value of a Secret is printed")
            }
        }
        let isPlain = output.unicodeScalars.allSatisfy { $0 == "\n" || (0x20...0x7E).contains($0.value) || $0 == "…" }
        #expect(isPlain, "the output has control characters")
    }

    /// The findings of `doctor --json`.
    func doctor(_ arguments: String..., kubeconfig: String? = nil) async throws -> DoctorFindings {
        let ended = try await run(
            ["doctor"] + options + ["--gateway-namespace", cluster.namespace, "--endpoint", "one", "--json"]
                + arguments,
            kubeconfig: kubeconfig)
        return try DoctorFindings(ended)
    }
}

/// The report of `doctor --json`.
struct DoctorFindings: CustomStringConvertible {
    let status: Int32
    let findings: [JSONValue]
    let description: String

    init(_ ended: ChildProcess.Ended) throws {
        status = ended.status
        description = ended.output + ended.errors
        findings = try JSONValue(parsing: Array(ended.output.utf8))["findings"]?.elementList ?? []
    }

    subscript(_ section: String, _ check: String) -> JSONValue? {
        findings.first { $0["section"]?.stringValue == section && $0["check"]?.stringValue == check }
    }

    func status(_ section: String, _ check: String) -> String? { self[section, check]?["status"]?.stringValue }
    var codes: [String] { findings.compactMap { $0["code"]?.stringValue } }
}
