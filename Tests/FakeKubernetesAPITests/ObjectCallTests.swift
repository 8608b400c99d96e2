import FakeKubernetesAPI
import GatewayTestSupport
import JSON
import NIOHTTP1
import Testing

@Suite(.hangs) struct ObjectCallTests {
    private let secrets = APIResource.secrets.path(namespace: "default")
    private let leases = APIResource.leases.path(namespace: "default")

    @Test func `an object is created with uid and resourceVersion, read, and deleted`() async throws {
        try await APIClient.run { (api, client) async throws in
            let created = try await client.send(
                .POST, secrets, ["metadata": ["name": "a"], "stringData": ["k": "value"]])
            #expect(created.status == 201)
            let object = try created.json
            #expect(object.text("kind") == "Secret")
            #expect(object.text("metadata", "uid")?.isEmpty == false)
            #expect(object.text("metadata", "resourceVersion") == api.resourceVersion)
            #expect(object.text("data", "k") == "dmFsdWU=")
            #expect(object["stringData"] == nil)

            #expect(try await client.get("\(secrets)/a").json.text("metadata", "name") == "a")
            let deleted = try await client.send(.DELETE, "\(secrets)/a")
            #expect(deleted.status == 200)
            #expect(try deleted.json.text("status") == "Success")
            let missing = try await client.get("\(secrets)/a")
            #expect(missing.status == 404)
            #expect(try missing.json.text("message") == #"secrets "a" not found"#)
            #expect(try missing.json.text("reason") == "NotFound")
        }
    }

    @Test func `an existing name is 409 AlreadyExists, a missing namespace 404`() async throws {
        try await APIClient.run { (_, client) async throws in
            #expect(try await client.send(.POST, secrets, ["metadata": ["name": "a"]]).status == 201)
            let again = try await client.send(.POST, secrets, ["metadata": ["name": "a"]])
            #expect(again.status == 409)
            #expect(try again.json.text("reason") == "AlreadyExists")
            let nowhere = APIResource.secrets.path(namespace: "nowhere")
            #expect(try await client.send(.POST, nowhere, ["metadata": ["name": "a"]]).status == 404)
            #expect(try await client.send(.POST, secrets, ["metadata": ["name": "Not_A_Name"]]).status == 422)
            let generated = try await client.send(.POST, secrets, ["metadata": ["generateName": "a-"]])
            #expect(try generated.json.text("metadata", "name")?.hasPrefix("a-") == true)
        }
    }

    @Test func `a write with an old resourceVersion is 409 Conflict and changes nothing`() async throws {
        try await APIClient.run { (_, client) async throws in
            let first = try await client.send(
                .POST, leases, ["metadata": ["name": "leader"], "spec": ["holderIdentity": "a"]]
            ).json
            let version = JSONValue.string(try #require(first.text("metadata", "resourceVersion")))
            func lease(_ holder: JSONValue) -> JSONValue {
                ["metadata": ["name": "leader", "resourceVersion": version], "spec": ["holderIdentity": holder]]
            }
            #expect(try await client.send(.PUT, "\(leases)/leader", lease("b")).status == 200)
            let late = try await client.send(.PUT, "\(leases)/leader", lease("c"))
            #expect(late.status == 409)
            #expect(try late.json.text("reason") == "Conflict")
            #expect(try late.json.text("message")?.contains(#"leases.coordination.k8s.io "leader""#) == true)
            #expect(try await client.get("\(leases)/leader").json.text("spec", "holderIdentity") == "b")
            // A PUT of a Lease requires the replaced version.
            let unconditional = try await client.send(.PUT, "\(leases)/leader", ["metadata": ["name": "leader"]])
            #expect(unconditional.status == 422)
        }
    }

    @Test func `a merge patch changes what it names, and a write that changes nothing keeps the resourceVersion`()
        async throws
    {
        try await APIClient.run { (api, client) async throws in
            try api.add(.secrets, namespace: "default", ["metadata": ["name": "a", "labels": ["x": "1", "y": "2"]]])
            let headers: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]
            let patch: JSONValue = ["metadata": ["labels": ["x": .null, "z": "3"]]]
            let patched = try await client.send(.PATCH, "\(secrets)/a", patch, headers: headers)
            #expect(patched.status == 200)
            let labels = try patched.json["metadata"]?["labels"]
            #expect(labels?.text("y") == "2")
            #expect(labels?.text("z") == "3")
            #expect(labels?["x"] == nil)
            let version = api.resourceVersion
            #expect(try await client.send(.PATCH, "\(secrets)/a", patch, headers: headers).status == 200)
            #expect(api.resourceVersion == version)
            #expect(try await client.send(.PATCH, "\(secrets)/a", patch).status == 415)
        }
    }

    @Test func `a delete with the uid of another object is 409`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.add(.secrets, namespace: "default", ["metadata": ["name": "a"]])
            let answer = try await client.send(.DELETE, "\(secrets)/a", ["preconditions": ["uid": "another"]])
            #expect(answer.status == 409)
            #expect(api.object(.secrets, namespace: "default", name: "a") != nil)
        }
    }

    @Test(arguments: [
        ("labelSelector=app%3Dweb", ["a"]), ("labelSelector=app!%3Dweb", ["b", "c"]),
        ("labelSelector=app%20in%20(web,db)", ["a", "b"]), ("labelSelector=app%20notin%20(web)", ["b", "c"]),
        ("labelSelector=app", ["a", "b"]), ("labelSelector=!app", ["c"]),
        ("labelSelector=app%3Ddb,tier%3Dback", ["b"]),
        ("fieldSelector=metadata.name%3Dc", ["c"]), ("fieldSelector=metadata.name!%3Dc", ["a", "b"]),
    ])
    func `a list is narrowed by selectors`(_ query: String, _ names: [String]) async throws {
        try await APIClient.run { (api, client) async throws in
            let namespace = "default"
            try api.add(.pods, namespace: namespace, ["metadata": ["name": "a", "labels": ["app": "web"]]])
            try api.add(
                .pods, namespace: namespace, ["metadata": ["name": "b", "labels": ["app": "db", "tier": "back"]]])
            try api.add(.pods, namespace: namespace, ["metadata": ["name": "c"]])
            let list = try await client.get("\(APIResource.pods.path(namespace: namespace))?\(query)").json
            #expect(list.text("kind") == "PodList")
            #expect(list.items.compactMap { $0.text("metadata", "name") } == names)
            #expect(list.items.allSatisfy { $0["kind"] == nil })
        }
    }

    @Test func `a field that cannot be selected by is 400`() async throws {
        try await APIClient.run { (_, client) async throws in
            let answer = try await client.get("\(secrets)?fieldSelector=metadata.uid%3Dx")
            #expect(answer.status == 400)
            #expect(try answer.json.text("message") == "field label not supported: metadata.uid")
        }
    }

    @Test func `a list has pages where a limit is requested`() async throws {
        try await APIClient.run { (api, client) async throws in
            for name in ["a", "b", "c"] {
                try api.add(.secrets, namespace: "default", ["metadata": ["name": .string(name)]])
            }
            let first = try await client.get("\(APIResource.secrets.path())?limit=2").json
            let token = try #require(first.text("metadata", "continue"))
            let second = try await client.get("\(APIResource.secrets.path())?limit=2&continue=\(token)").json
            #expect((first.items + second.items).compactMap { $0.text("metadata", "name") } == ["a", "b", "c"])
            #expect(second["metadata"]?["continue"] == nil)
        }
    }

    @Test func `only metadata is returned where it is requested`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.addNamespace("team", labels: ["env": "prod"])
            let headers: HTTPHeaders = ["Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"]
            let object = try await client.send(.GET, "/api/v1/namespaces/team", headers: headers).json
            #expect(object.text("kind") == "PartialObjectMetadata")
            #expect(object.text("metadata", "labels", "env") == "prod")
        }
    }

    @Test func `the end of a namespace is the end of what is in it`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.addWorkload(namespace: "team")
            #expect(try await client.send(.DELETE, "/api/v1/namespaces/team").status == 200)
            #expect(api.object(.pods, namespace: "team", name: "web-0") == nil)
            #expect(api.object(.nodes, name: "node-1") != nil)
        }
    }

    @Test func `unknown paths are 404 and unknown methods 405`() async throws {
        try await APIClient.run { (_, client) async throws in
            let unknown = try await client.get("/api/v1/widgets")
            #expect(unknown.status == 404)
            #expect(try await client.get("/apis/example.com/v1/namespaces/default/widgets").status == 404)
            #expect(try await client.send(.POST, "\(secrets)/a", .object([])).status == 405)
        }
    }
}
