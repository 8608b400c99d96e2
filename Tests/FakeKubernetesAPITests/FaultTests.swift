import GatewayTestSupport
import JSON
import NIOHTTP1
import Testing

@testable import FakeKubernetesAPI

@Suite(.hangs) struct FaultTests {
    @Test func `the next requests answer a status with Retry-After, those after them do not`() async throws {
        try await APIClient.run { (api, client) async throws in
            api.fail(.status(429, retryAfter: 3), next: 2)
            for _ in 0..<2 {
                let answer = try await client.get("/version")
                #expect(answer.status == 429)
                #expect(answer.headers.first(name: "Retry-After") == "3")
                #expect(try answer.json.text("reason") == "TooManyRequests")
            }
            #expect(try await client.get("/version").status == 200)
        }
    }

    @Test func `a fault for one path does not affect others`() async throws {
        try await APIClient.run { (api, client) async throws in
            api.fail(.status(500), path: "/readyz")
            #expect(try await client.get("/version").status == 200)
            #expect(try await client.get("/readyz").status == 500)
            #expect(try await client.get("/readyz").status == 200)
        }
    }

    @Test func `a reply can be cut in its middle`() async throws {
        try await APIClient.run { (api, client) async throws in
            api.fail(.cut(afterBytes: 10))
            await #expect(throws: (any Error).self) { try await client.get("/version") }
            #expect(try await client.get("/version").status == 200)
        }
    }

    @Test func `a request hangs until it is released`() async throws {
        try await APIClient.run { (api, client) async throws in
            api.fail(.hang)
            async let answer = client.get("/version")
            await api.waitForRequests(1, to: "/version")
            await api.waitForHangingRequests(1)
            api.releaseHanging()
            #expect(try await answer.status == 200)
        }
    }

    @Test func `a release includes a request that has taken the fault and does not wait yet`() async {
        let plan = FaultPlan()
        plan.add(.hang, count: 2, path: nil)
        let taken = plan.next(path: "/")
        plan.release()
        await taken?.hang()
        let later = plan.next(path: "/")
        async let hanging: Void? = later?.hang()
        await plan.waitForHanging(1)
        plan.release()
        await hanging
    }

    @Test func `a server with a hanging request can be stopped`() async throws {
        await #expect(throws: (any Error).self) {
            try await APIClient.run { (api, client) async throws in
                api.fail(.hang)
                async let _ = client.get("/version")
                await api.waitForRequests(1, to: "/version")
                struct Enough: Error {}
                // Leaving the scope cancels the request.
                throw Enough()
            }
        }
    }

    @Test(arguments: [Fault.hang, .oversized(bytes: 5_000_000)])
    func `a server with a fault for a request whose client disconnects within its body goes on`(
        fault: Fault
    ) async throws {
        try await APIClient.run { (api, client) async throws in
            api.fail(fault, path: "/version")
            await #expect(throws: (any Error).self) { try await client.sendIncomplete("/version") }
            await api.waitForRequests(1, to: "/version")
            #expect(try await client.get("/readyz").status == 200)
        }
    }

    @Test func `a request is left alone between faults`() async throws {
        try await APIClient.run { (api, client) async throws in
            api.fail(.status(500))
            api.fail(.noFault)
            api.fail(.status(503))
            var statuses: [Int] = []
            for _ in 0..<4 { statuses.append(try await client.get("/version").status) }
            #expect(statuses == [500, 200, 503, 200])
        }
    }

    @Test func `a reply can be too large, or not JSON`() async throws {
        try await APIClient.run { (api, client) async throws in
            api.fail(.oversized(bytes: 5_000_000))
            let large = try await client.get("/version")
            #expect(large.body.count == 5_000_000)
            #expect(try large.json["padding"] != nil)
            api.fail(.notJSON)
            #expect(try await client.get("/version").text.hasPrefix("<html>"))
        }
    }

    @Test func `requests are counted by path and recorded in order`() async throws {
        try await APIClient.run { (api, client) async throws in
            _ = try await client.get("/version?x=1")
            _ = try await client.get("/readyz")
            _ = try await client.get("/version")
            #expect(api.requestCount("/version") == 2)
            #expect(api.requestCount("/readyz") == 1)
            #expect(api.requestCount("/livez") == 0)
            #expect(api.requests.map(\.path) == ["/version", "/readyz", "/version"])
            #expect(api.requests.first?.query == "x=1")
        }
    }
}
