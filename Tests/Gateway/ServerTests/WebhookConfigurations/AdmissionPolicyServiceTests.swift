import FakeKubernetesAPI
import GatewayCore
import GatewayTestSupport
import JSON
import KubernetesAPI
import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Admission policies of the leader", .hangs)
struct AdmissionPolicyServiceTests {
    private static let name = "sts-gateway-injection"
    fileprivate static let objects: [(APIResource, String)] = [
        (.validatingAdmissionPolicies, name), (.validatingAdmissionPolicyBindings, name),
        (.validatingAdmissionPolicies, "\(name)-warnings"), (.validatingAdmissionPolicyBindings, "\(name)-warnings"),
        (.mutatingAdmissionPolicies, name), (.mutatingAdmissionPolicyBindings, name),
    ]
    fileprivate static let webhooks = ["sts-gateway-injector-one", "sts-gateway-injector-two"]
    private let time = TestScheduler(random: 1)

    private struct Run: Sendable {
        let api: FakeKubernetesAPI
        let service: AdmissionPolicyService
        let leadership: Leadership
        let log: RecordedJSONLog
        let prometheus: PrometheusMetrics

        /// The webhook configurations that exist.
        var webhooks: [String] {
            AdmissionPolicyServiceTests.webhooks.filter { api.object(.mutatingWebhookConfigurations, name: $0) != nil }
        }

        var count: Int {
            AdmissionPolicyServiceTests.objects.filter { api.object($0.0, name: $0.1) != nil }.count
        }

        /// Creates the webhook configurations as the chart does, with the CA bundle that the gateway adds.
        func addWebhooks(bundle: JSONValue = "UEVN") throws {
            for name in AdmissionPolicyServiceTests.webhooks { try Self.addWebhook(name, bundle: bundle, to: api) }
        }

        static func addWebhook(_ name: String, bundle: JSONValue, to api: FakeKubernetesAPI) throws {
            let service: JSONValue = ["name": "sts-gateway-webhook", "namespace": "test"]
            try api.add(
                .mutatingWebhookConfigurations,
                [
                    "metadata": ["name": .string(name)],
                    "webhooks": [["name": "a.b.c", "clientConfig": ["service": service, "caBundle": bundle]]],
                ])
        }

        func until(_ condition: @Sendable () -> Bool) async {
            while !Task.isCancelled, !condition() { await Task.yield() }
        }
    }

    private func running(
        version: String = "0.2.0", server: KubernetesVersion? = KubernetesVersion(1, 36),
        _ change: (inout GatewayConfiguration.Injection) -> Void = { _ in },
        prepare: @Sendable (FakeKubernetesAPI) throws -> Void = { _ in },
        _ body: @Sendable (Run) async throws -> Void
    ) async throws {
        let configuration = try ExampleGateway.configuration()
        var changed = configuration.injection
        changed.admission = .policy
        change(&changed)
        let injection = changed
        try await FakeCluster.run { cluster in
            let log = RecordedJSONLog()
            let leadership = Leadership(monotonic: time.scheduler.monotonic)
            let signal = ChangeSignal()
            let prometheus = PrometheusMetrics()
            let api = cluster.api
            let service = AdmissionPolicyService(
                client: cluster.client, namespace: "test", version: version,
                trust: { (isKnown: true, bundle: "PEM") }, trustChanges: { signal.changes() },
                serverVersion: { server },
                webhooks: {
                    Self.webhooks.compactMap { api.object(.mutatingWebhookConfigurations, name: $0) }
                        .compactMap(KubernetesObject.init)
                        .map { WebhookConfiguration($0, service: "sts-gateway-webhook", namespace: "test") }
                }, leadership: leadership, metrics: prometheus, scheduler: time.scheduler, logger: log.logger)
            service.apply(configuration.endpoints, injection)
            try prepare(cluster.api)
            leadership.lead(until: .infinity)
            try await FakeCluster.running({ await service.run() }) {
                try await body(
                    Run(
                        api: cluster.api, service: service, leadership: leadership, log: log, prometheus: prometheus))
            }
        }
    }

    /// Returns when the service has read the objects back.
    private func readBack() async {
        await time.waitForSleeper { $0 == AdmissionPolicyService.readingBack }
        time.advance(by: AdmissionPolicyService.readingBack)
        await rest()
    }

    /// Returns when the service waits for the next check.
    private func rest() async { await time.waitForSleeper { $0 == AdmissionPolicyService.interval } }

    @Test("The objects are created with the chart's ClusterRole as owner, and not written again")
    func created() async throws {
        try await running(prepare: { api in
            try api.add(.clusterRoles, ["metadata": ["name": "sts-gateway"], "rules": []])
        }) { run in
            await run.until { run.count == 6 }
            let uid = run.api.object(.clusterRoles, name: "sts-gateway")?["metadata"]?["uid"]
            await readBack()
            let versions = Self.objects.map { run.api.object($0.0, name: $0.1)?["metadata"]?["resourceVersion"] }
            for (resource, name) in Self.objects {
                let owner = run.api.object(resource, name: name)?["metadata"]?["ownerReferences"]?.elementList?.first
                #expect(owner?["uid"] == uid && owner?["kind"] == "ClusterRole")
            }
            time.advance(by: AdmissionPolicyService.interval)
            await time.waitForSleeper { $0 == AdmissionPolicyService.interval }
            #expect(versions == Self.objects.map { run.api.object($0.0, name: $0.1)?["metadata"]?["resourceVersion"] })
        }
    }

    @Test("After an interruption at any object the next leader completes the order", arguments: 0..<6)
    func interrupted(done: Int) async throws {
        try await running(prepare: { api in
            let path = Self.objects[done].0.path()
            // The dry runs of the objects of the kind, and the writes before.
            let objects = Self.objects.map(\.0.plural)
            let kind = Self.objects[done].0.plural
            let before = objects.count { $0 == kind } + objects.prefix(done).count { $0 == kind }
            api.fail(.noFault, next: before, path: path)
            api.fail(.status(500), path: path)
        }) { run in
            await run.until { run.log.text.contains("admission policies not written") }
            // Nothing after the failure was written, so what denies is always in force before what injects.
            #expect(run.count == done)
            _ = run.leadership.stepDown()
            _ = run.leadership.lead(until: .infinity)
            await run.until { run.count == 6 }
        }
    }

    @Test("Of objects of which the API server rejects one, none is written", arguments: 0..<6)
    func rejected(index: Int) async throws {
        try await running(prepare: { api in
            let path = Self.objects[index].0.path()
            let kind = Self.objects[index].0.plural
            let before = Self.objects.prefix(index).map(\.0.plural).count { $0 == kind }
            if before > 0 { api.fail(.noFault, next: before, path: path) }
            api.fail(
                .reply(
                    422,
                    body: #"{"kind": "Status", "reason": "Invalid", "details": {"causes": [{"field": "spec.x"}]}}"#),
                path: path)
        }) { run in
            await run.until { run.log.text.contains("admission policies not written") }
            #expect(run.count == 0)
            #expect(run.prometheus.text.contains("sts_admission_policy_differences 6"))
            #expect(run.log.text.contains("STS1416") && run.log.text.contains("spec.x"))
            #expect(run.log.text.contains("none of the policies was written"))
            // The loop repeats it.
            await run.until {
                time.advance(by: AdmissionPolicyService.interval)
                return run.count == 6
            }
        }
    }

    @Test("Of changes of which the API server rejects one, none is written")
    func rejectedChange() async throws {
        try await running { run in
            await run.until { run.count == 6 }
            await readBack()
            let change: JSONValue = ["spec": ["failurePolicy": "Ignore"]]
            try run.api.patch(.validatingAdmissionPolicies, name: Self.name, change)
            try run.api.patch(.mutatingAdmissionPolicies, name: Self.name, change)
            let path = APIResource.mutatingAdmissionPolicies.path(name: Self.name)
            // The read succeeds, the dry run does not.
            run.api.fail(.noFault, path: path)
            run.api.fail(.reply(422, body: #"{"kind": "Status", "reason": "Invalid"}"#), path: path)
            time.advance(by: AdmissionPolicyService.interval)
            await run.until { run.log.text.contains("none of the policies was written") }
            let first = run.api.object(.validatingAdmissionPolicies, name: Self.name)
            #expect(first?["spec"]?["failurePolicy"] == "Ignore")
            #expect(run.prometheus.text.contains("sts_admission_policy_differences 2"))
        }
    }

    @Test(
        "Policies replace the webhook configurations 60 s after they were read back, also after an interruption at any",
        arguments: 0...2)
    func replacedWebhooks(done: Int) async throws {
        try await running(prepare: { api in
            for name in Self.webhooks { try Run.addWebhook(name, bundle: "UEVN", to: api) }
            if done < 2 {
                let path = APIResource.mutatingWebhookConfigurations.path(name: Self.webhooks[done])
                api.fail(.status(500), path: path)
            }
        }) { run in
            await run.until { run.count == 6 }
            #expect(run.webhooks.count == 2)
            await readBack()
            #expect(run.webhooks.count == 2, "each API server follows by itself")
            time.advance(by: AdmissionPolicyService.settling)
            if done < 2 {
                await run.until { run.log.text.contains("admission policies not written") }
                #expect(run.webhooks == Array(Self.webhooks.dropFirst(done)))
                _ = run.leadership.stepDown()
                _ = run.leadership.lead(until: .infinity)
                await rest()
                #expect(run.webhooks == Array(Self.webhooks.dropFirst(done)))
                time.advance(by: AdmissionPolicyService.settling)
            }
            await run.until { run.webhooks.isEmpty }
            #expect(run.count == 6)
            // Helm creates them again with the next upgrade.
            try run.addWebhooks()
            await run.until {
                time.advance(by: AdmissionPolicyService.interval)
                return run.webhooks.isEmpty
            }
        }
    }

    @Test(
        "The webhook replaces policies 60 s after its configurations have a CA bundle, also after an interruption at any",
        arguments: 0...6)
    func replacedPolicies(done: Int) async throws {
        let configuration = try ExampleGateway.configuration()
        let order = Array(Self.objects.reversed())
        try await running { run in
            await run.until { run.count == 6 }
            await readBack()
            run.service.apply(configuration.endpoints, configuration.injection)
            await run.until { run.log.text.contains("admission policies kept") }
            try run.addWebhooks(bundle: "")
            await rest()
            time.advance(by: AdmissionPolicyService.interval)
            await rest()
            #expect(run.count == 6, "the gateway has not written the CA bundle yet")
            for name in Self.webhooks { try run.api.delete(.mutatingWebhookConfigurations, name: name) }
            try run.addWebhooks()
            time.advance(by: AdmissionPolicyService.interval)
            await rest()
            #expect(run.count == 6, "each API server follows by itself")
            if done < 6 {
                // The read succeeds, the deletion does not.
                let path = order[done].0.path(name: order[done].1)
                run.api.fail(.noFault, path: path)
                run.api.fail(.status(500), path: path)
            }
            time.advance(by: AdmissionPolicyService.settling)
            if done < 6 {
                await run.until { run.log.text.contains("admission policies not written") }
                // What denies is in force as long as what injects.
                #expect(order.filter { run.api.object($0.0, name: $0.1) != nil }.count == 6 - done)
                #expect(order.prefix(done).allSatisfy { run.api.object($0.0, name: $0.1) == nil })
                _ = run.leadership.stepDown()
                _ = run.leadership.lead(until: .infinity)
                await rest()
                time.advance(by: AdmissionPolicyService.settling)
            }
            await run.until { run.count == 0 }
            #expect(run.webhooks == Self.webhooks)
        }
    }

    @Test(
        "Policies that somebody else applied are not deleted, and those of a newer version neither",
        arguments: [true, false])
    func keptPolicies(isNewer: Bool) async throws {
        let configuration = try ExampleGateway.configuration()
        try await running { run in
            await run.until { run.count == 6 }
            await readBack()
            try run.addWebhooks()
            let label: JSONValue =
                isNewer ? ["app.kubernetes.io/version": "0.10.0"] : ["app.kubernetes.io/managed-by": "kubectl"]
            try run.api.patch(.mutatingAdmissionPolicies, name: Self.name, ["metadata": ["labels": label]])
            run.service.apply(configuration.endpoints, configuration.injection)
            await run.until {
                time.advance(by: AdmissionPolicyService.settling)
                return run.count == 1
            }
            #expect(run.api.object(.mutatingAdmissionPolicies, name: Self.name) != nil)
        }
    }

    @Test("While a policy of a newer version is in place, the webhook configurations stay, and the metric says so")
    func newerVersion() async throws {
        try await running { run in
            await run.until { run.count == 6 }
            await readBack()
            #expect(run.prometheus.text.contains("sts_admission_policy_differences 0"))
            try run.addWebhooks()
            try run.api.patch(
                .mutatingAdmissionPolicyBindings, name: Self.name,
                ["metadata": ["labels": ["app.kubernetes.io/version": "0.10.0"]]])
            time.advance(by: AdmissionPolicyService.interval)
            await run.until { run.prometheus.text.contains("sts_admission_policy_differences 1") }
            await rest()
            time.advance(by: AdmissionPolicyService.interval)
            await rest()
            #expect(run.webhooks == Self.webhooks)
            _ = run.leadership.stepDown()
            await run.until { !run.prometheus.text.contains("sts_admission_policy_differences ") }
        }
    }

    @Test("A binding that somebody restricts is restored")
    func restricted() async throws {
        try await running { run in
            await run.until { run.count == 6 }
            await readBack()
            try run.api.patch(
                .mutatingAdmissionPolicyBindings, name: Self.name,
                ["spec": ["matchResources": ["namespaceSelector": ["matchLabels": ["a": "b"]]]]])
            time.advance(by: AdmissionPolicyService.interval)
            await run.until {
                run.api.object(.mutatingAdmissionPolicyBindings, name: Self.name)?["spec"]?["matchResources"] == nil
            }
        }
    }

    @Test(
        "A policy whose constraints somebody narrows, so that Pods pass it, is restored",
        arguments: [
            ["objectSelector": ["matchLabels": ["no": "such"]]],
            ["namespaceSelector": ["matchLabels": ["no": "such"]]],
            ["excludeResourceRules": [["apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]]]],
        ] as [JSONValue], [APIResource.mutatingAdmissionPolicies, .validatingAdmissionPolicies])
    func narrowed(constraints: JSONValue, resource: APIResource) async throws {
        try await running { run in
            await run.until { run.count == 6 }
            await readBack()
            @Sendable func found() -> JSONValue? {
                run.api.object(resource, name: Self.name)?["spec"]?["matchConstraints"]
            }
            let intended = found()
            try run.api.patch(resource, name: Self.name, ["spec": ["matchConstraints": constraints]])
            #expect(found() != intended)
            time.advance(by: AdmissionPolicyService.interval)
            await run.until { found() == intended }
        }
    }

    @Test("A changed object is restored in place, one of a newer version is kept")
    func drift() async throws {
        try await running { run in
            await run.until { run.count == 6 }
            await readBack()
            let uid = run.api.object(.mutatingAdmissionPolicies, name: Self.name)?["metadata"]?["uid"]
            try run.api.patch(.mutatingAdmissionPolicies, name: Self.name, ["spec": ["failurePolicy": "Ignore"]])
            let newer: JSONValue = [
                "metadata": ["labels": ["app.kubernetes.io/version": "0.10.0"]], "spec": ["failurePolicy": "Ignore"],
            ]
            try run.api.patch(.validatingAdmissionPolicies, name: Self.name, newer)
            time.advance(by: AdmissionPolicyService.interval)
            await run.until {
                run.api.object(.mutatingAdmissionPolicies, name: Self.name)?["spec"]?["failurePolicy"] == "Fail"
            }
            #expect(run.api.object(.mutatingAdmissionPolicies, name: Self.name)?["metadata"]?["uid"] == uid)
            #expect(
                run.api.object(.validatingAdmissionPolicies, name: Self.name)?["spec"]?["failurePolicy"] == "Ignore")
        }
    }

    @Test("An API server that is older, or whose role does not permit it, is not asked for policies again")
    func webhookOnly() async throws {
        let configuration = try ExampleGateway.configuration()
        for server in [KubernetesVersion(1, 35), KubernetesVersion(1, 36)] {
            try await running(
                server: server, { $0.admission = .webhook },
                prepare: { api in
                    for resource in ["mutating", "validating"].map({ "\($0)admissionpolicybindings" }) {
                        api.deny("get", resource)
                    }
                }
            ) { run in
                try run.addWebhooks()
                run.service.apply(configuration.endpoints, configuration.injection)
                for _ in 0..<10 {
                    time.advance(by: AdmissionPolicyService.interval)
                    await Task.yield()
                }
                #expect(!run.log.text.contains("admission policies"))
            }
        }
    }

    @Test(
        "Without manage, or with admission: webhook, or auto on an older server, nothing is written", arguments: 0..<3)
    func nothingWritten(kind: Int) async throws {
        let server = kind == 2 ? KubernetesVersion(1, 35) : KubernetesVersion(1, 36)
        try await running(
            server: server,
            { injection in
                if kind == 0 { injection.isManaged = false }
                if kind > 0 { injection.admission = kind == 1 ? .webhook : .auto }
            }
        ) { run in
            try run.addWebhooks()
            if kind == 0 {
                await rest()
                #expect(run.log.text.contains("admission policies differ from the configuration"))
                #expect(run.prometheus.text.contains("sts_admission_policy_differences 6"))
                for _ in 0..<3 {
                    time.advance(by: AdmissionPolicyService.interval)
                    await rest()
                }
            }
            #expect(run.webhooks == Self.webhooks)
            #expect(run.count == 0)
        }
    }
}
