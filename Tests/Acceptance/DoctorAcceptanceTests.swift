import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import HTTPTypes
import JSON
import Testing

@Suite("The whole gateway: doctor", .wholeProcesses)
struct DoctorAcceptanceTests {
    @Test("doctor follows a workload to its token, and names each fault with its code")
    func workloads() async throws {
        try await DiagnosedCluster.run { cluster in
            let space = cluster.space
            let healthy = try await cluster.doctor("--pod", "\(space)/web")
            for (section, check) in [
                ("API server", "version"), ("API server", "permissions"),
                ("gateway", "replica gateway-0"), ("gateway", "leader"), ("gateway", "permissions"),
                ("webhook", "configuration"), ("webhook", "serving certificate"), ("webhook", "dry run"),
                ("workload", "Pod"), ("workload", "label"),
                ("workload", "annotation"), ("workload", "injection"), ("workload", "projected token"),
                ("workload", "TokenReview"), ("workload", "rules"), ("workload", "mint"),
            ] {
                #expect(healthy.status(section, check) == "ok", "\(section), \(check): \(healthy)")
            }
            // The probe of the test's endpoint is disabled.
            #expect(healthy.status("configuration", "gateway.yaml") == "warning")
            let claims = healthy["workload", "mint"]?["cause"]?.stringValue ?? ""
            #expect(claims.contains("\"sub\":\"acceptance:\(space):web\""), "\(claims)")
            // The host of the issuer does not exist, and there are no credentials of the relying party.
            #expect(healthy["issuer documents", "discovery"]?["code"] == "STS2031", "\(healthy)")
            #expect(healthy.status("relying party", "credentials") == "not_checked", "\(healthy)")
            #expect(healthy.status == 2)
            let located = try await cluster.run(["doctor"] + cluster.options + ["--endpoint", "one"])
            #expect(located.output.contains("replica gateway-0: ready"), "the namespace is found: \(located.output)")
            let same = try await cluster.doctor("--namespace", space, "--service-account", "web")
            #expect(same.status("workload", "mint") == "ok", "\(same)")

            try await cluster.add(
                DiagnosedCluster.pod("unlabeled", serviceAccount: "web", labels: [:], annotations: [:]),
                isInjected: false)
            let label = JSONValue.object([.init(DiagnosedCluster.key, "true")])
            try await cluster.add(
                DiagnosedCluster.pod("unannotated", serviceAccount: "web", labels: label, annotations: [:]),
                isInjected: false)
            let annotation = JSONValue.object([.init(DiagnosedCluster.key, .string(DiagnosedCluster.role))])
            try await cluster.add(
                DiagnosedCluster.pod("missed", serviceAccount: "web", labels: label, annotations: annotation),
                isInjected: false)
            for (pod, check, code) in [
                ("unlabeled", "label", "STS2022"), ("unannotated", "annotation", "STS2023"),
                ("missed", "injection", "STS2024"), ("absent", "Pod", "STS2021"),
            ] {
                let found = try await cluster.doctor("--pod", "\(space)/\(pod)")
                #expect(found["workload", check]?["code"]?.stringValue == code, "\(pod): \(found)")
                #expect(found.status == 2)
            }

            let volumes = try await cluster.cluster.send(.get, "/api/v1/namespaces/\(space)/pods/web")
            let foreign = (volumes["spec"]?["volumes"]?.elementList ?? []).map { volume -> JSONValue in
                guard volume["name"] == "sts-subject-token" else { return volume }
                return volume.setting(
                    [["serviceAccountToken": ["audience": "another.gateway.svc", "path": "token"]]],
                    at: "projected", "sources")
            }
            try cluster.api.patch(
                .pods, namespace: space, name: "web", ["spec": ["volumes": .array(foreign)]])
            let audience = try await cluster.doctor("--pod", "\(space)/web")
            #expect(audience["workload", "projected token"]?["code"] == "STS1104", "\(audience)")
        }
    }

    @Test("A workload that no rule allows is denied with the results of the rules")
    func rules() async throws {
        try await DiagnosedCluster.run { cluster in
            try await cluster.cluster.withNamespace("\(cluster.space)-other") { other in
                try await cluster.cluster.send(
                    .post, "/api/v1/namespaces/\(other)/serviceaccounts", ["metadata": ["name": "web"]])
                try await cluster.cluster.send(
                    .post, "/api/v1/namespaces/\(other)/pods",
                    DiagnosedCluster.pod("web", serviceAccount: "web", labels: [:], annotations: [:]))
                let found = try await cluster.doctor("--pod", "\(other)/web")
                #expect(found["workload", "rules"]?["code"] == "STS1110", "\(found)")
                let cause = found["workload", "rules"]?["cause"]?.stringValue ?? ""
                #expect(cause.contains("azRules[0]") && cause.contains("false"), "\(cause)")
                #expect(found["workload", "mint"]?["code"] == "STS1001", "\(found)")
            }
        }
    }

    @Test("doctor names a Pod that has not started, and the gateway of another namespace than the given one")
    func otherCauses() async throws {
        try await DiagnosedCluster.run { cluster in
            let full = "0/3 nodes are available: 3 Insufficient cpu."
            try cluster.api.patch(
                .pods, namespace: cluster.space, name: "web",
                [
                    "status": [
                        "phase": "Pending",
                        "conditions": [["type": "PodScheduled", "status": "False", "message": .string(full)]],
                    ]
                ])
            let pending = try await cluster.doctor("--pod", "\(cluster.space)/web")
            #expect(pending["workload", "start"]?["code"] == "STS2090", "\(pending)")
            #expect(pending["workload", "start"]?["cause"]?.stringValue?.contains(full) == true, "\(pending)")
            #expect(pending["workload", "sidecar"] == nil, "\(pending)")
            #expect(!"\(pending)".contains("webhook manifest"), "\(pending)")

            let other = try DoctorFindings(
                await cluster.run(
                    ["doctor"] + cluster.options + [
                        "--gateway-namespace", "elsewhere", "--endpoint", "one", "--json", "--pod",
                        "\(cluster.space)/web",
                    ]))
            #expect(other["gateway", "replicas"]?["code"] == "STS2004", "\(other)")
            let found = other["webhook", "configuration"]
            #expect(found?["code"] == "STS2012", "\(other)")
            #expect(found?["cause"]?.stringValue?.contains(cluster.cluster.namespace) == true, "\(other)")
            #expect(
                found?["advice"]?.stringValue == "set --gateway-namespace \(cluster.cluster.namespace)", "\(other)")
        }
    }

    @Test("doctor names a stopped gateway, a missing leader and a wrong webhook with their codes")
    func gateway() async throws {
        try await DiagnosedCluster.run { cluster in
            let (api, space) = (cluster.api, cluster.cluster.namespace)
            let configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
            let name = "\(configurations)/sts-gateway-injector-one"
            let object = try await cluster.cluster.send(.get, name)
            let webhooks = (object["webhooks"]?.elementList ?? []).map {
                $0.setting("/elsewhere", at: "clientConfig", "service", "path")
            }
            try api.patch(
                .mutatingWebhookConfigurations, name: "sts-gateway-injector-one", ["webhooks": .array(webhooks)])
            let differs = try await cluster.doctor("--pod", "\(cluster.space)/web")
            #expect(differs["webhook", "configuration"]?["code"] == "STS2012", "\(differs)")
            try api.patch(
                .mutatingWebhookConfigurations, name: "sts-gateway-injector-one",
                ["webhooks": object["webhooks"] ?? .null])
            cluster.listen(certificate: api.authorityPEM)
            let stranger = try await cluster.doctor("--pod", "\(cluster.space)/web")
            let codes = stranger.findings.filter { $0["check"] == "serving certificate" }
                .compactMap { $0["code"]?.stringValue }
            #expect(codes.contains("STS2013") && codes.contains("STS2015"), "\(stranger)")
            cluster.listen()
            try await cluster.cluster.send(.delete, name)
            let missing = try await cluster.doctor("--pod", "\(cluster.space)/web")
            #expect(missing["webhook", "configuration"]?["code"] == "STS2011", "\(missing)")

            // The gateway stops: its Pod does not answer, is not ready, and is gone.
            api.setProxy(nil, namespace: space, pod: "gateway-0")
            _ = try await cluster.gateway.stop()
            let silent = try await cluster.doctor("--pod", "\(cluster.space)/web")
            #expect(silent["gateway", "replica gateway-0"]?["code"] == "STS2003", "\(silent)")
            #expect(silent["workload", "mint"]?["code"] == "STS2003", "\(silent)")
            let reason = silent["workload", "mint"]?["cause"]?.stringValue ?? ""
            #expect(reason.contains("the API server does not reach the Pod"), "\(reason)")
            #expect(reason.contains("error trying to reach service"), "\(reason)")
            #expect(silent["webhook", "dry run"]?["code"] == nil, "the configuration is missing: \(silent)")
            try api.delete(.leases, namespace: space, name: "sts-gateway")
            try api.patch(
                .pods, namespace: space, name: "gateway-0",
                ["status": ["conditions": [["type": "Ready", "status": "False"]]]])
            let unready = try await cluster.doctor()
            #expect(unready["gateway", "replica gateway-0"]?["code"] == "STS2005", "\(unready)")
            #expect(unready["gateway", "leader"]?["code"] == "STS2006", "\(unready)")
            try await cluster.cluster.send(.delete, "/api/v1/namespaces/\(space)/pods/gateway-0")
            let gone = try await cluster.doctor()
            #expect(gone["gateway", "replicas"]?["code"] == "STS2004", "\(gone)")
        }
    }

    @Test("Where a permission is missing, the check is not run and names it; an API server that is away is named")
    func permissions() async throws {
        try await DiagnosedCluster.run { cluster in
            for (verb, resource) in [
                ("get", "pods/proxy"), ("create", "pods/proxy"), ("create", "subjectaccessreviews"),
                ("create", "tokenreviews"), ("create", "pods"),
            ] { cluster.api.deny(verb, resource) }
            let found = try await cluster.doctor("--pod", "\(cluster.space)/web")
            for (section, check, permission) in [
                ("gateway", "replica gateway-0", "get on pods/proxy"),
                ("gateway", "permissions", "create on subjectaccessreviews"),
                ("workload", "TokenReview", "create on tokenreviews"), ("workload", "mint", "create on pods/proxy"),
                ("API server", "permissions", "get on pods/proxy"),
            ] {
                let one = found[section, check]
                #expect(one?["status"] == "not_checked", "\(check): \(found)")
                #expect(one?["cause"]?.stringValue?.contains(permission) == true, "\(check): \(found)")
            }
            // The rules are evaluated by the Pod's own data.
            #expect(found.status("workload", "rules") == "ok", "\(found)")

            let folder = cluster.gateway.folder
            let kubeconfig = try String(contentsOfFile: cluster.cluster.kubeconfig, encoding: .utf8)
            try folder.write(kubeconfig.replacing(":\(cluster.api.port)", with: ":1"), to: "away")
            let away = try await cluster.doctor(kubeconfig: "\(folder.path)/away")
            #expect(away["API server", "version"]?["code"] == "STS1411", "\(away)")
            let none = try await cluster.doctor(kubeconfig: "\(folder.path)/none")
            #expect(none["API server", "kubeconfig"]?["code"] == "STS2001", "\(none)")
        }
    }

    @Test("Terminal escapes, tokens and long texts in names, annotations and messages are not printed")
    func hostile() async throws {
        try await DiagnosedCluster.run { cluster in
            let text = "\u{1B}]0;owned\u{07}\u{1B}[2J\u{202E}\r\neyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"
            let label = JSONValue.object([.init(DiagnosedCluster.key, "true")])
            try await cluster.add(
                DiagnosedCluster.pod(
                    "hostile", serviceAccount: "web", labels: label,
                    annotations: .object([
                        .init(DiagnosedCluster.key, .string(text + String(repeating: "x", count: 5_000)))
                    ])),
                isInjected: false)
            try cluster.api.patch(
                .pods, namespace: cluster.space, name: "web",
                [
                    "status": [
                        "containerStatuses": [
                            [
                                "name": "sts-sidecar", "ready": false,
                                "state": ["terminated": ["message": .string(text)]],
                            ]
                        ]
                    ]
                ])
            // The run itself checks the output.
            for pod in ["hostile", "web"] {
                let ended = try await cluster.run(
                    ["doctor"] + cluster.options
                        + ["--gateway-namespace", cluster.cluster.namespace, "--pod", "\(cluster.space)/\(pod)"])
                #expect(ended.status == 2)
                #expect(ended.output.contains("\\u{001B}") || ended.output.contains("\\u{1B}"), "\(ended.output)")
            }
            let failing = try await cluster.doctor("--pod", "\(cluster.space)/web")
            #expect(failing["workload", "sidecar"]?["code"] == "STS2026", "\(failing)")
        }
    }
}
