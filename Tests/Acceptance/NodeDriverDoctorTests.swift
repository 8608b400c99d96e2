import FakeKubernetesAPI
import Foundation
import HTTPTypes
import JSON
import Testing

@Suite("The whole gateway: doctor's checks of the node driver", .wholeProcesses)
struct NodeDriverDoctorTests {
    private static let driver = "sts-node.tremolo.io"
    private static let section = "node driver"
    private static let labels: JSONValue = ["app.kubernetes.io/name": "sts-gateway-node"]

    @Test("Each fault of the driver, of its objects and of the Pod's node is named")
    func faults() async throws {
        try await DiagnosedCluster.run { cluster in
            let (api, space) = (cluster.api, cluster.cluster.namespace)
            let pod = "\(cluster.space)/volume"
            try await cluster.add(Self.pod, isInjected: false)
            func check(_ check: String, _ code: String?, _ what: String) async throws {
                let found = try await cluster.doctor("--pod", pod)
                let finding = found[Self.section, check]
                #expect(finding?["code"]?.stringValue == code, "\(what): \(found)")
                #expect(
                    finding?["status"] == (code == nil ? "ok" : "failed") || finding?["status"] == "warning", "\(what)")
                if code != nil { #expect(finding?["advice"]?.stringValue?.isEmpty == false, "\(what)") }
            }
            // A Pod with a sidecar, and a configuration without a driver, have nothing to check.
            let none = try await cluster.doctor("--pod", "\(cluster.space)/web")
            #expect(none.findings.allSatisfy { $0["section"]?.stringValue != Self.section }, "\(none)")

            try await check("CSIDriver", "STS2051", "no object")
            try await check("DaemonSet", "STS2051", "no DaemonSet")
            let drivers = "/apis/storage.k8s.io/v1/csidrivers"
            try await cluster.cluster.send(.post, drivers, Self.object(audience: "another.audience"))
            try await check("CSIDriver", "STS2052", "another audience")
            try await cluster.cluster.send(.delete, "\(drivers)/\(Self.driver)")
            try await cluster.cluster.send(.post, drivers, Self.object(audience: "sts-gateway.test.svc"))
            try await check("CSIDriver", nil, "a good object")

            try await cluster.cluster.send(
                .post, "/apis/apps/v1/namespaces/\(space)/daemonsets", Self.daemonSet(ready: 1, of: 2))
            try await check("DaemonSet", "STS2053", "one of two nodes")
            try api.patch(.daemonSets, namespace: space, name: "node", ["status": ["numberReady": 2]])
            try await check("DaemonSet", nil, "both nodes")

            try await check("CA bundle", "STS2054", "no ConfigMap")
            let maps = "/api/v1/namespaces/\(space)/configmaps"
            try await cluster.cluster.send(
                .post, maps,
                ["metadata": ["name": "sts-gateway-ca"], "data": ["ca-bundle.pem": .string(api.authorityPEM)]])
            try await check("CA bundle", "STS2054", "another CA")
            let webhook = try await cluster.cluster.send(
                .get, "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/sts-gateway-injector-one")
            let encoded = webhook["webhooks"]?.elementList?.first?["clientConfig"]?["caBundle"]?.stringValue ?? ""
            let bundle = Data(base64Encoded: encoded).map { String(decoding: $0, as: UTF8.self) } ?? ""
            try api.patch(
                .configMaps, namespace: space, name: "sts-gateway-ca", ["data": ["ca-bundle.pem": .string(bundle)]])
            try await check("CA bundle", nil, "the gateway's CA")

            try await check("node", "STS2053", "no driver on the node")
            try await cluster.cluster.send(
                .post, "/api/v1/namespaces/\(space)/pods",
                [
                    "metadata": ["name": "node-x", "labels": Self.labels],
                    "spec": ["nodeName": "node-1", "containers": [["name": "node", "image": "example.com/x"]]],
                    "status": ["phase": "Running", "conditions": [["type": "Ready", "status": "False"]]],
                ])
            try await check("node", "STS2053", "the driver is not ready")
            try api.patch(
                .pods, namespace: space, name: "node-x",
                ["status": ["conditions": [["type": "Ready", "status": "True"]]]])
            try await check("node", "STS2053", "not registered")
            try await cluster.cluster.send(
                .post, "/apis/storage.k8s.io/v1/csinodes",
                ["metadata": ["name": "node-1"], "spec": ["drivers": [["name": .string(Self.driver)]]]])
            try await check("node", nil, "all is well")

            for resource in ["csidrivers", "daemonsets"] {
                api.deny(resource == "csidrivers" ? "get" : "list", resource)
            }
            let denied = try await cluster.doctor("--pod", pod)
            #expect(denied[Self.section, "CSIDriver"]?["cause"]?.stringValue == "needs get on csidrivers", "\(denied)")
            #expect(denied.status(Self.section, "DaemonSet") == "not_checked", "\(denied)")
            #expect(!denied.description.contains("/secrets"))
        }
    }

    private static let pod = DiagnosedCluster.pod(
        "volume", serviceAccount: "web", labels: .object([.init(DiagnosedCluster.key, "true")]),
        annotations: .object([
            .init(DiagnosedCluster.key, .string(DiagnosedCluster.role)), .init("tremolo.io/injected", "one"),
        ])
    )
    .setting("node-1", at: "spec", "nodeName")
    .setting(
        [["name": "sts-tokens", "csi": ["driver": .string(driver), "readOnly": true]]], at: "spec", "volumes")

    private static func object(audience: String) -> JSONValue {
        [
            "metadata": ["name": .string(driver)],
            "spec": [
                "podInfoOnMount": true, "requiresRepublish": true, "volumeLifecycleModes": ["Ephemeral"],
                "tokenRequests": [["audience": .string(audience)]],
            ],
        ]
    }

    private static func daemonSet(ready: Int, of wanted: Int) -> JSONValue {
        [
            "metadata": ["name": "node"],
            "spec": [
                "selector": ["matchLabels": labels],
                "template": [
                    "spec": [
                        "containers": [
                            ["name": "node", "env": [["name": "STS_NODE_DRIVER", "value": .string(driver)]]]
                        ],
                        "volumes": [["name": "ca", "configMap": ["name": "sts-gateway-ca", "optional": true]]],
                    ]
                ],
            ],
            "status": ["desiredNumberScheduled": .integer(wanted), "numberReady": .integer(ready)],
        ]
    }
}
