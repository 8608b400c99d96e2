import Foundation
import GatewayCore
import GatewayTestSupport
import HTTPTypes
import Hummingbird
import JSON
import KubernetesAPI
import KubernetesTestSupport
import Logging
import NIOCore
import Synchronization
import Testing

@testable import GatewayServer

/// The webhook of two endpoints with the real responder, and the settings of Tests/Fixtures/Pods.
struct ExampleWebhook {
    static let path = "/k8s/webhooks/v1/injector-one"
    static let otherPath = "/k8s/webhooks/v1/injector-two"

    let responder: GatewayResponder
    let log: RecordedJSONLog
    let backend = PrometheusMetrics()
    private let gateway: ExampleGateway

    /// - Parameter change: changes the `injection` block.
    init(
        limiter: AdmissionLimiter = AdmissionLimiter(scheduler: TestScheduler().scheduler),
        trust: @escaping @Sendable () -> String? = { nil },
        serverVersion: @escaping @Sendable () -> KubernetesVersion? = { nil },
        serviceAccounts: (any ServiceAccountAnnotationReading)? = nil,
        conflict: @escaping @Sendable () -> String? = { nil },
        setting change: (inout GatewayConfiguration.Injection) -> Void = { _ in }
    ) throws {
        let configuration = try Self.configuration()
        var injection = configuration.injection
        injection.readsServiceAccounts = serviceAccounts != nil
        change(&injection)
        gateway = try ExampleGateway()
        log = gateway.log
        var table = RouteTable()
        WebhookRoutes(
            endpoints: configuration.endpoints, injection: injection, namespace: "test", version: "1.2.3",
            trust: trust, serverVersion: serverVersion, serviceAccounts: serviceAccounts, conflict: conflict,
            limiter: limiter, metrics: WebhookMetrics(factory: backend), logger: log.logger
        ).add(to: &table)
        responder = GatewayResponder(
            table: table, maximumBodyBytes: AdmissionReview.maximumLength, decisions: nil, logger: log.logger)
    }

    static func configuration() throws -> GatewayConfiguration {
        func endpoint(_ name: String, path: String, label: String, _ variables: (String, String)) -> JSONValue {
            [
                "name": .string(name), "plugin": "example", "audience": "https://example.com", "path": .string(path),
                "issuer": ["host": .string("\(name).example.com")],
                "azRules": [["scope": "filter", "constraint": "(namespace=default)"]],
                "subjectToken": ["audiences": ["sts-gateway.test.svc"]],
                "injector": [
                    "label": .string(label), "token_environment_variable_name": .string(variables.0),
                    "label_value_environment_variable_name": .string(variables.1),
                ],
            ]
        }
        let document: JSONValue = [
            "cluster": "test",
            "injection": [
                "prefix": "tremolo.io", "gatewayURL": "https://sts-gateway.test.svc:8443",
                "sidecar": ["image": "example.com/sts-sidecar:1", "mode": "native"],
            ],
            "sts": [
                "endpoints": [
                    endpoint(
                        "one", path: "/one", label: "example-role", ("EXAMPLE_TOKEN_FILE", "EXAMPLE_ROLE")),
                    endpoint("two", path: "/deep/two", label: "two-role", ("TWO_TOKEN_FILE", "TWO_ROLE")),
                ]
            ],
        ]
        let (configuration, problems) = ConfigurationLoader.load(
            ConfigurationNode(document), catalog: PluginCatalog(plugins: [ExampleProvider.self]),
            context: ConfigurationContext(namespace: nil, logger: Logger(label: "test")))
        return try #require(configuration, "\(problems)")
    }

    /// A review of a Pod.
    ///
    /// - Parameter changes: members that replace those of the request; nil removes one.
    static func review(
        _ pod: JSONValue, version: JSONValue = "admission.k8s.io/v1", _ changes: [(String, JSONValue?)] = []
    ) -> String {
        var members: [JSONValue.Member] = [
            .init("uid", "705ab4f5"), .init("kind", ["group": "", "version": "v1", "kind": "Pod"]),
            .init("resource", ["group": "", "version": "v1", "resource": "pods"]), .init("namespace", "default"),
            .init("operation", "CREATE"), .init("object", pod), .init("oldObject", .null), .init("dryRun", false),
        ]
        for (name, value) in changes {
            members.removeAll { $0.name == name }
            if let value { members.append(.init(name, value)) }
        }
        let review: JSONValue = ["apiVersion": version, "kind": "AdmissionReview", "request": .object(members)]
        return review.text
    }

    static func pod(
        labels: [String] = ["example-role"], labelled value: String = "true",
        annotations: [String: String] = ["example-role": "reader"],
        spec: [JSONValue.Member] = []
    ) -> JSONValue {
        [
            "metadata": [
                "generateName": "web-",
                "labels": .object(labels.map { .init("tremolo.io/\($0)", .string(value)) }),
                "annotations": .object(annotations.map { .init("tremolo.io/\($0.key)", .string($0.value)) }),
            ],
            "spec": .object(spec + [.init("containers", [["name": "app"]])]),
        ]
    }

    func send(
        _ body: String, to path: String = ExampleWebhook.path, method: HTTPRequest.Method = .post,
        headers: HTTPFields = [.contentType: "application/json"]
    ) async throws -> ExampleGateway.Answer {
        try await gateway.send(method, path, headers: headers, body: body, to: responder)
    }

    /// Returns the `response` of an AdmissionReview; expects the status 200.
    func response(to body: String, at path: String = ExampleWebhook.path) async throws -> JSONValue {
        let answer = try await send(body, to: path)
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "application/json")
        let review = try answer.json(JSONValue.self)
        #expect(review["kind"] == "AdmissionReview")
        return try #require(review["response"])
    }

    /// Returns the patched Pod; expects that it is allowed. A Pod without the webhook's label is not sent to it.
    func injected(
        _ pod: JSONValue, at path: String = ExampleWebhook.path, _ changes: [(String, JSONValue?)] = []
    ) async throws -> (pod: JSONValue, isPatched: Bool) {
        let label = "tremolo.io/\(path == Self.path ? "example-role" : "two-role")"
        guard pod["metadata"]?["labels"]?[label] != nil else { return (pod, false) }
        let response = try await response(to: Self.review(pod, changes), at: path)
        #expect(response["allowed"] == true)
        guard case .string(let text) = response["patch"] else { return (pod, false) }
        #expect(response["patchType"] == "JSONPatch")
        let patch = try JSONDecoder().decode(JSONValue.self, from: try #require(Data(base64Encoded: text)))
        guard case .array(let operations) = patch else { throw NoPatch() }
        let additions = try operations.map { operation in
            guard let kind = operation["op"]?.stringValue.flatMap(JSONPatch.Operation.Kind.init),
                case .string(let path) = operation["path"], let value = operation["value"],
                let pointer = JSONPointer(parsing: path)
            else { throw NoPatch() }
            return JSONPatch.Operation(pointer, value, kind: kind)
        }
        return (try #require(JSONPatch(additions).applied(to: pod)), true)
    }

    private struct NoPatch: Error {}

    /// The count of a result.
    func count(_ result: String) -> Int? {
        let name = #"sts_webhook_requests_total{result="\#(result)"} "#
        return backend.text.split(separator: "\n").first { $0.hasPrefix(name) }.flatMap {
            Int($0.dropFirst(name.count))
        }
    }
}

/// The Pods of Tests/Fixtures/Pods.
enum PodFiles {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../../../Fixtures/Pods").standardized

    static let admitted = names(in: "")
    static let denied = names(in: "denied")

    static func pod(_ path: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: folder.appending(path: "\(path).json")))
    }

    /// The denial reason of each Pod in ``denied``.
    static func reasons() throws -> [String: String] {
        let text = try String(contentsOf: folder.appending(path: "denied/reasons.txt"), encoding: .utf8)
        return Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (String(parts[0]), String(parts[1].dropFirst()))
            })
    }

    private static func names(in subfolder: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: subfolder).path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }
}

extension JSONValue {
    /// Sorts the members of every object, for comparison.
    var inOrder: JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.name, $0.value.inOrder) }.sorted { $0.name < $1.name })
        case .array(let elements): .array(elements.map(\.inOrder))
        default: self
        }
    }
}

/// ServiceAccounts with the annotations that a test sets.
final class FakeServiceAccounts: ServiceAccountAnnotationReading {
    private let answer: @Sendable () throws(ServiceAccountReadFailure) -> [String: String]?
    private let kept = Mutex<[String]>([])

    /// The reads: keys, namespace and name.
    var asked: [String] { kept.withLock { $0 } }

    init(_ answer: @escaping @Sendable () throws(ServiceAccountReadFailure) -> [String: String]?) {
        self.answer = answer
    }

    func annotations(
        _ keys: Set<String>, of name: String, in namespace: String
    ) async throws(ServiceAccountReadFailure) -> [String: String]? {
        kept.withLock { $0.append("\(keys.sorted().joined(separator: ",")) of \(namespace)/\(name)") }
        return try answer()
    }
}
