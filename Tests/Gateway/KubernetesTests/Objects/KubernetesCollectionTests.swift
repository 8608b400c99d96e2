import FakeKubernetesAPI
import FoundationEssentials
import GatewayTestSupport
import JSON
import Kubernetes
import KubernetesAPI
import KubernetesTestSupport
import Testing

@Suite("The verbs of a Kubernetes collection", .hangs)
struct KubernetesCollectionTests {
    private func secret(_ name: String, adding members: [JSONValue.Member] = []) -> JSONValue {
        .object([.init("metadata", ["name": .string(name)])] + members)
    }

    private func kind(
        _ body: () async throws(KubernetesAPIError) -> Void
    ) async -> KubernetesAPIError.Kind? {
        do throws(KubernetesAPIError) {
            try await body()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test("A 403 of an API server that is not ready yet is not a missing permission")
    func starting() async throws {
        try await FakeCluster.run { cluster in
            let secrets = cluster.collection()
            cluster.api.deny("get", "secrets")
            cluster.api.fail(.status(500), path: "/readyz")
            do throws(KubernetesAPIError) {
                _ = try await secrets.get("a")
                Issue.record("it was read")
            } catch {
                #expect(error.kind == .starting && error.isTransient)
                #expect(
                    error.description.hasPrefix("the API server is starting and has not loaded its RBAC rules yet: "))
            }
            // It is ready now, and still denies the call.
            #expect(await kind { () throws(KubernetesAPIError) in _ = try await secrets.get("a") } == .forbidden)
            cluster.api.allow("get", "secrets")
            #expect(await kind { () throws(KubernetesAPIError) in _ = try await secrets.get("a") } == nil)
        }
    }

    @Test("An object is created, read, changed and deleted, with errors for missing and existing objects")
    func life() async throws {
        try await FakeCluster.run { cluster in
            let secrets = cluster.collection()
            #expect(try await secrets.get("a") == nil)
            let made = try await secrets.create(secret("a"))
            #expect(
                await kind { () throws(KubernetesAPIError) in _ = try await secrets.create(secret("a")) }
                    == .alreadyExists)
            let changed = try await secrets.update(
                "a", Secret(made).setting(labels: [("x", "1")], data: [("k", Data("v".utf8))]))
            #expect(changed.meta.labels == ["x": "1"])
            #expect(changed.meta.uid == made.meta.uid)
            #expect(Secret(changed).data("k") == Data("v".utf8))
            let stale = Secret(made).setting(labels: [("x", "2")], data: [])
            #expect(
                await kind { () throws(KubernetesAPIError) in _ = try await secrets.update("a", stale) } == .conflict)
            let former = made.meta.resourceVersion
            #expect(
                await kind { () throws(KubernetesAPIError) in
                    try await secrets.delete("a", uid: made.meta.uid, resourceVersion: former)
                } == .conflict)
            #expect(
                await kind { () throws(KubernetesAPIError) in
                    try await secrets.delete("a", uid: "other", resourceVersion: nil)
                } == .conflict)
            try await secrets.delete("a", uid: made.meta.uid, resourceVersion: changed.meta.resourceVersion)
            #expect(
                await kind { () throws(KubernetesAPIError) in
                    try await secrets.delete("a", uid: made.meta.uid, resourceVersion: nil)
                } == .notFound)
            #expect(
                await kind { () throws(KubernetesAPIError) in _ = try await secrets.update("a", stale) } == .notFound)
        }
    }

    @Test("An object is patched by a merge and by operations, each with its media type")
    func patches() async throws {
        try await FakeCluster.run { cluster in
            let secrets = cluster.collection()
            _ = try await secrets.create(secret("a"))
            let merged = try await secrets.patch("a", .merge(["metadata": ["labels": ["x": "1", "y": "2"]]]))
            #expect(merged.meta.labels == ["x": "1", "y": "2"])
            let operated = try await secrets.patch(
                "a",
                .operations([
                    ["op": "test", "path": "/metadata/labels/x", "value": "1"],
                    ["op": "remove", "path": "/metadata/labels/y"],
                    ["op": "add", "path": "/metadata/labels/example.com~1z", "value": "3"],
                ]))
            #expect(operated.meta.labels == ["x": "1", "example.com/z": "3"])
            let untrue: JSONValue = ["op": "test", "path": "/metadata/labels/x", "value": "2"]
            let refusal = await kind { () throws(KubernetesAPIError) in
                _ = try await secrets.patch("a", .operations([untrue]))
            }
            #expect(refusal == .invalid(fields: ["the server rejected our request due to an error in our request"]))
        }
    }

    @Test("A list is read page by page, and a page that is too large with fewer objects")
    func paging() async throws {
        var limits = KubernetesClient.Limits.patient
        limits.replyBytes = 6000
        try await FakeCluster.run(limits: limits) { cluster in
            for index in 100..<120 {
                try cluster.api.add(
                    .secrets, namespace: FakeCluster.namespace,
                    secret(
                        "s\(index)", adding: [.init("stringData", ["k": .string(String(repeating: "x", count: 900))])]))
            }
            var names: [String] = []
            let version = try await cluster.collection().list(selector: nil, pageSize: 7) { names.append($0.meta.name) }
            #expect(names == (100..<120).map { "s\($0)" })
            #expect(version == cluster.api.resourceVersion)
            let queries = cluster.api.requests.filter { $0.path == FakeCluster.secrets }.map(\.query)
            #expect(queries.first == "limit=7")
            #expect(queries.dropFirst().first == "limit=1")
            #expect(queries.count == 21)
        }
    }

    @Test("A list whose continuation has expired fails as gone")
    func expiredList() async throws {
        try await FakeCluster.run { cluster in
            for name in ["a", "b"] { try cluster.api.add(.secrets, namespace: FakeCluster.namespace, secret(name)) }
            let kind = await kind { () throws(KubernetesAPIError) in
                _ = try await cluster.collection().list(selector: nil, pageSize: 1) { _ in cluster.api.compact() }
            }
            #expect(kind == .gone)
        }
    }

    @Test("Retry-After is honored within the patience")
    func retryAfter() async throws {
        try await FakeCluster.run { cluster in
            let time = ManualScheduler(isImpatient: true)
            var secrets = cluster.collection(.secrets, time)
            cluster.api.fail(.status(429, retryAfter: 3))
            cluster.api.fail(.status(503, retryAfter: 2))
            _ = try await secrets.create(secret("a"))
            #expect(time.slept == [3, 2])
            cluster.api.fail(.status(429, retryAfter: 11))
            let impatient = await kind { () throws(KubernetesAPIError) in _ = try await secrets.get("a") }
            #expect(impatient == .tooManyRequests)
            // A 503 without Retry-After is reported immediately.
            cluster.api.fail(.status(503))
            #expect(await kind { () throws(KubernetesAPIError) in _ = try await secrets.get("a") } == .serverError(503))
            secrets.patience = 0
            cluster.api.fail(.status(429, retryAfter: 1))
            do throws(KubernetesAPIError) {
                _ = try await secrets.get("a")
                Issue.record("no failure")
            } catch {
                #expect(error.kind == .tooManyRequests)
                #expect(error.retryAfter == 1)
            }
            #expect(time.slept == [3, 2])
        }
    }

    @Test(
        "Each status is one failure, and its text says what to do",
        arguments: [
            (.status(401), .unauthorized, "check the token or the client certificate"),
            (.status(410), .gone, "(410)"),
            (
                .status(500), .serverError(500),
                "the API server failed: get of secrets in namespace \"sts-gateway\" (500)"
            ),
            (.status(418), .status(418), "unexpected status 418"),
            (.reply(404, contentType: "text/html", body: "<html>"), .status(404), "unexpected status 404"),
            (.notJSON, .unreadable, "invalid answer"),
        ] as [(Fault, KubernetesAPIError.Kind, String)])
    func failures(_ fault: Fault, _ kind: KubernetesAPIError.Kind, _ text: String) async throws {
        try await FakeCluster.run { cluster in
            cluster.api.fail(fault, next: 2)
            do throws(KubernetesAPIError) {
                _ = try await cluster.collection().get("a")
                Issue.record("no failure")
            } catch {
                #expect(error.kind == kind)
                #expect(error.description.contains(text), "\(error)")
            }
        }
    }

    @Test("A denial has the verb, the resource and the namespace, and an invalid object its fields only")
    func refusals() async throws {
        try await FakeCluster.run { cluster in
            cluster.api.deny("update", "secrets")
            let made = try await cluster.collection().create(secret("a", adding: [.init("immutable", true)]))
            do throws(KubernetesAPIError) {
                _ = try await cluster.collection().update("a", made.json)
                Issue.record("no failure")
            } catch {
                #expect(
                    error.description == "not allowed to update secrets in namespace \"sts-gateway\" (403); "
                        + "bind the ServiceAccount to a Role with the verb update on secrets there")
            }
            cluster.api.allow("update", "secrets")
            let changed = Secret(made).setting(labels: [], data: [("k", Data("hidden".utf8))])
            do throws(KubernetesAPIError) {
                _ = try await cluster.collection().update("a", changed)
                Issue.record("no failure")
            } catch {
                #expect(error.kind == .invalid(fields: ["data"]))
                #expect(!error.description.contains(Data("hidden".utf8).base64EncodedString()))
            }
        }
    }

    @Test("An invalid name is never used in a path", arguments: ["", "..", "a/b", "A", "a?b", "a%2Fb"])
    func names(_ name: String) async throws {
        try await FakeCluster.run { cluster in
            let failure = await kind { () throws(KubernetesAPIError) in _ = try await cluster.collection().get(name) }
            #expect(failure == .badName(name))
            #expect(cluster.api.requests.isEmpty)
        }
    }
}
