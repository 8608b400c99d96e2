import FakeKubernetesAPI
import FoundationEssentials
import GatewayPluginTesting
import GatewayTestSupport
import HTTPTypes
import JSON
import Kubernetes
import KubernetesTestSupport
import Testing

@Suite("The Kubernetes client", .hangs)
struct KubernetesClientTests {
    let clock = ManualClock(now: ManualScheduler.start)

    private func failure(
        _ body: () async throws(KubernetesRequestError) -> KubernetesReply
    ) async -> KubernetesRequestError? {
        do throws(KubernetesRequestError) {
            _ = try await body()
            return nil
        } catch {
            return error
        }
    }

    @Test("A call has the token, the host and an encoded query, and its response is returned")
    func call() async throws {
        try await LocalAPIServer.serving { request in
            .init(status: 201, headers: [.contentType: "application/json"], body: #"{"got":"\#(request.body.count)"}"#)
        } _: { [clock] server in
            let folder = try server.serviceAccount()
            try await server.client(folder, at: clock.now) { client in
                let request = KubernetesRequest(
                    .post, "/version", query: [("labelSelector", "a=b,c in (d)"), ("watch", "1")], body: ["a": 1])
                let reply = try await client.send(request, at: clock.now)
                #expect(reply.status == 201)
                #expect(reply.isSuccess)
                #expect(String(decoding: reply.body, as: UTF8.self) == #"{"got":"7"}"#)
                let seen = try #require(server.requests.first)
                #expect(seen.authorization == "Bearer own-token")
                #expect(seen.host == "127.0.0.1:\(server.port)")
                #expect(seen.query == "labelSelector=a%3Db%2Cc%20in%20%28d%29&watch=1")
                #expect(seen.body == #"{"a":1}"#)
                #expect(seen.accept == "application/json")
            }
        }
    }

    @Test("A server with another CA or another name is rejected")
    func trust() async throws {
        try await LocalAPIServer.serving { _ in
            .init()
        } _: { [clock] server in
            let folder = try server.serviceAccount()
            try folder.write(try TestCertificateAuthority(now: Date()).certificatePEM, to: "ca.crt")
            try await server.client(folder, at: clock.now) { client in
                let failure = await failure { () throws(KubernetesRequestError) in
                    try await client.send(.init(.get, "/version"), at: clock.now)
                }
                #expect(failure?.description.contains("TLS") == true, "\(String(describing: failure))")
                // The CA is replaced: five seconds later it is trusted.
                try folder.write(server.authorityPEM, to: "ca.crt")
                clock.advance(by: 5)
                #expect(try await client.send(.init(.get, "/version"), at: clock.now).status == 200)
            }
        }
        try await LocalAPIServer.serving(names: ["example.com"], addresses: []) { _ in
            .init()
        } _: { [clock] server in
            let folder = try server.serviceAccount()
            try await server.client(folder, at: clock.now) { client in
                let failure = await failure { () throws(KubernetesRequestError) in
                    try await client.send(.init(.get, "/version"), at: clock.now)
                }
                #expect(failure?.description.hasPrefix("the API server cannot be reached") == true)
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("tls-server-name is the required name of the certificate, and a base path precedes each path")
    func serverName() async throws {
        try await LocalAPIServer.serving(names: ["api.example.com"], addresses: []) { _ in
            .init()
        } _: { [clock] server in
            let folder = try server.serviceAccount()
            let document: JSONValue = [
                "current-context": "c", "contexts": [["name": "c", "context": ["cluster": "c", "user": "u"]]],
                "clusters": [
                    [
                        "name": "c",
                        "cluster": [
                            "server": .string("https://127.0.0.1:\(server.port)/base"),
                            "tls-server-name": "api.example.com", "certificate-authority": "ca.crt",
                        ],
                    ]
                ],
                "users": [["name": "u", "user": ["token": "inline"]]],
            ]
            let access = try Kubeconfig.access(document, folder: folder.path)
            try await LocalAPIServer.client(access, at: clock.now) { client in
                let reply = try await client.send(.init(.get, "/version"), at: clock.now)
                #expect(reply.status == 200)
            }
            #expect(server.requests.map(\.path) == ["/base/version"])
            #expect(server.requests.first?.authorization == "Bearer inline")
            #expect(server.requests.first?.host == "127.0.0.1:\(server.port)")
        }
    }

    @Test("After a 401 the token is read again, and the call is sent once more, not twice")
    func renewal() async throws {
        try await LocalAPIServer.serving { request in
            .init(status: request.authorization == "Bearer new" ? 200 : 401)
        } _: { [clock] server in
            let folder = try server.serviceAccount(token: "old")
            try await server.client(folder, at: clock.now) { client in
                #expect(try await client.send(.init(.get, "/version"), at: clock.now).status == 401)
                #expect(server.requests.count == 2)
                try folder.write("new", to: "token")
                #expect(try await client.send(.init(.post, "/version"), at: clock.now).status == 200)
                #expect(server.requests.map(\.authorization).suffix(2) == ["Bearer old", "Bearer new"])
            }
        }
    }

    @Test("The token is read again after five seconds, not before")
    func reading() async throws {
        try await LocalAPIServer.serving { _ in
            .init()
        } _: { [clock] server in
            let folder = try server.serviceAccount(token: "one")
            try await server.client(folder, at: clock.now) { client in
                try folder.write("two", to: "token")
                clock.advance(by: 4.9)
                _ = try await client.send(.init(.get, "/version"), at: clock.now)
                clock.advance(by: 0.1)
                _ = try await client.send(.init(.get, "/version"), at: clock.now)
                #expect(server.requests.map(\.authorization) == ["Bearer one", "Bearer two"])
            }
        }
    }

    @Test("A redirect is a response and is not followed")
    func redirect() async throws {
        try await LocalAPIServer.serving { _ in
            .init(status: 302, headers: [.location: "/"])
        } _: { [clock] server in
            let folder = try server.serviceAccount()
            try await server.client(folder, at: clock.now) { client in
                let reply = try await client.send(.init(.get, "/version"), at: clock.now)
                #expect(reply.status == 302)
            }
            #expect(server.requests.map(\.path) == ["/version"])
        }
    }

    @Test("A response above the limit is rejected, and a late one is cancelled")
    func bounds() async throws {
        let (forever, never) = AsyncStream<Void>.makeStream()
        let (hanging, hangs) = AsyncStream<Void>.makeStream()
        let time = ManualScheduler()
        try await LocalAPIServer.serving { request in
            if request.path == "/" {
                hangs.finish()
                for await _ in forever {}
            }
            return .init(body: String(repeating: "x", count: request.path == "/version" ? 100 : 101))
        } _: { [clock] server in
            let folder = try server.serviceAccount()
            defer { never.finish() }
            var limits = KubernetesClient.Limits.patient
            limits.replyBytes = 100
            try await server.client(folder, at: clock.now, limits: limits, time: time) { client in
                let reply = try await client.send(.init(.get, "/version"), at: clock.now)
                #expect(reply.body.count == 100)
                let failure = await self.failure { () throws(KubernetesRequestError) in
                    try await client.send(.init(.get, "/openid/v1/jwks"), at: clock.now)
                }
                #expect(failure == .replyTooLarge)
                async let late = self.failure { () throws(KubernetesRequestError) in
                    try await client.send(.init(.get, "/"), at: clock.now, timeout: 2)
                }
                for await _ in hanging {}
                time.advance(by: 2)
                #expect(await late == .timeout)
            }
        }
    }

    @Test("Calls in flight at the same time end each at its own time, and one that was in time is not affected")
    func timeouts() async throws {
        let (hanging, never) = AsyncStream<Void>.makeStream()
        let time = ManualScheduler()
        try await LocalAPIServer.serving { request in
            if request.path != "/version" { for await _ in hanging {} }
            return .init(body: "{}")
        } _: { [clock] server in
            let folder = try server.serviceAccount()
            defer { never.finish() }
            try await server.client(folder, at: clock.now, limits: .patient, time: time) { client in
                let call = { @Sendable (path: String, timeout: Double) in
                    await self.failure { () throws(KubernetesRequestError) in
                        try await client.send(.init(.get, path), at: clock.now, timeout: timeout)
                    }
                }
                async let long = call("/long", 6)
                await time.waitForSleeper { $0 == 6 }
                async let short = call("/short", 2)
                await time.waitForSleeper { $0 == 2 }
                time.advance(by: 2)
                #expect(await short == .timeout)
                await time.waitForSleeper { $0 == 4 }
                #expect(await call("/version", 3) == nil)
                await time.waitForSleeper { $0 == 3 }
                time.advance(by: 3)
                await time.waitForSleeper { $0 == 1 }
                time.advance(by: 1)
                #expect(await long == .timeout)
            }
        }
    }

    @Test("A refused connection is reported immediately")
    func refused() async throws {
        let folder = try TemporaryFolder()
        try folder.write(try TestCertificateAuthority(now: clock.now).certificatePEM, to: "ca.crt")
        try folder.write("t", to: "token")
        let access = try ClusterAccess.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"],
            folder: folder.path)
        try await LocalAPIServer.client(access, at: clock.now) { [clock] client in
            let failure = await failure { () throws(KubernetesRequestError) in
                try await client.send(.init(.get, "/version"), at: clock.now)
            }
            #expect(failure?.description.hasPrefix("the API server cannot be reached: ") == true)
        }
    }

    @Test("Retry-After comes from the header field, as seconds or date, else from the Status")
    func retryAfter() async throws {
        try await LocalAPIServer.serving { request in
            switch request.query {
            case "kind=seconds": .init(status: 429, headers: [.retryAfter: "7"])
            case "kind=date": .init(status: 503, headers: [.retryAfter: "Fri, 08 May 2026 14:40:09 GMT"])
            case "kind=status":
                .init(status: 429, body: #"{"kind":"Status","code":429,"details":{"retryAfterSeconds":3}}"#)
            default: .init(status: 500, body: "<html>")
            }
        } _: { [clock] server in
            let folder = try server.serviceAccount()
            try await server.client(folder, at: clock.now) { client in
                for (kind, expected) in [("seconds", 7), ("date", 9), ("status", 3), ("none", nil)] as [(String, Int?)]
                {
                    let reply = try await client.send(.init(.get, "/version", query: [("kind", kind)]), at: clock.now)
                    #expect(reply.retryAfter == expected, "\(kind)")
                }
            }
        }
    }
}
