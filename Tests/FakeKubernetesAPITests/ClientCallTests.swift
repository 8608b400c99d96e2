import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import JSON
import NIOHTTP1
import Testing

@Suite(.hangs) struct ClientCallTests {
    @Test func `a client's token is valid until it is rotated or expires, and the files have the new one`() async throws
    {
        try await APIClient.run { (api, client) async throws in
            let first = api.clientToken
            func inFile() throws -> String {
                try String(contentsOf: api.serviceAccountFolder.appending(path: "token"), encoding: .utf8)
            }
            #expect(try inFile() == first)
            #expect(try await client.get("/api/v1/pods").status == 200)
            try api.rotateClientToken()
            #expect(try inFile() == api.clientToken)
            #expect(api.clientToken != first)
            let refused = try await client.send(.GET, "/api/v1/pods", token: first)
            #expect(refused.status == 401)
            #expect(try refused.json.text("reason") == "Unauthorized")
            #expect(try await client.get("/api/v1/pods").status == 200)
            let second = api.clientToken
            try api.rotateClientToken(keepsFormer: true)
            #expect(try await client.send(.GET, "/api/v1/pods", token: second).status == 200)
            api.expireClientToken()
            #expect(try await client.get("/api/v1/pods").status == 401)
        }
    }

    @Test func `the kubeconfig has the server, its CA and the token`() async throws {
        try await APIClient.run { api, _ in
            let text = try String(contentsOf: api.kubeconfig, encoding: .utf8)
            #expect(text.contains("server: \(api.url)\n"))
            #expect(text.contains("token: \(api.clientToken)\n"))
            #expect(text.contains(Data(api.authorityPEM.utf8).base64EncodedString()))
            let folder = api.serviceAccountFolder
            #expect(try String(contentsOf: folder.appending(path: "ca.crt"), encoding: .utf8) == api.authorityPEM)
            #expect(try String(contentsOf: folder.appending(path: "namespace"), encoding: .utf8) == "sts-gateway")
        }
    }

    @Test func `anonymous users have no permissions, and other ServiceAccounts few`() async throws {
        try await APIClient.run { (api, client) async throws in
            try api.addWorkload()
            let other = try api.token(audiences: [])
            #expect(try await client.send(.GET, "/version", token: "").status == 200)
            #expect(try await client.send(.GET, "/readyz", token: "").text == "ok")
            #expect(try await client.send(.GET, "/api/v1/pods", token: "").status == 403)
            #expect(try await client.send(.GET, FakeKubernetesAPI.jwks, token: "").status == 403)
            #expect(try await client.send(.GET, FakeKubernetesAPI.jwks, token: other).status == 200)
            let refused = try await client.send(.GET, "/api/v1/namespaces/default/pods/web-0", token: other)
            #expect(refused.status == 403)
            #expect(
                try refused.json.text("message") == #"pods "web-0" is forbidden: User "#
                    + #""system:serviceaccount:default:web" cannot get resource "pods" in API group "" "#
                    + #"in the namespace "default""#)
            // A token for another audience does not authenticate.
            let foreign = try api.token(audiences: ["elsewhere"])
            #expect(try await client.send(.GET, FakeKubernetesAPI.jwks, token: foreign).status == 401)
        }
    }

    @Test func `a permission can be denied and granted again`() async throws {
        try await APIClient.run { (api, client) async throws in
            api.deny("list", "pods")
            let refused = try await client.get("/api/v1/pods")
            #expect(refused.status == 403)
            #expect(try await client.get("/api/v1/pods?watch=true&timeoutSeconds=0").status == 200)
            api.allow("list", "pods")
            #expect(try await client.get("/api/v1/pods").status == 200)
            api.deny("*", "tokenreviews")
            #expect(
                try await client.send(.POST, FakeKubernetesAPI.tokenReviews, ["spec": ["token": "x"]]).status == 403)
        }
    }
}
