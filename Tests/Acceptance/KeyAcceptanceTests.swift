import Foundation
import GatewayTestSupport
import NIOHTTP1
import Testing

@Suite("The whole gateway: keys", .wholeProcesses)
struct KeyAcceptanceTests {
    @Test("Keys are created once, private to their owner, and stay after restarts")
    func restarts() async throws {
        let folder = try TemporaryFolder()
        var sets: [[UInt8]] = []
        for _ in 0..<2 {
            try await RunningGateway.run(folder: folder) { gateway in
                sets.append(try await gateway.send(.GET, "/team/one/certs").body)
                #expect(try await gateway.stop().status == 0)
            }
        }
        #expect(sets[0] == sets[1])
        #expect(try folder.permissions("keys") == 0o700)
        for file in ["one", "two", "generic"] {
            #expect(try folder.permissions("keys/\(file).keyring.json") == 0o600)
        }
        #expect(try folder.permissions("keys/serving.json") == 0o600)
    }

    @Test("Gateways that start concurrently on one directory create one key")
    func race() async throws {
        let folder = try TemporaryFolder()
        let sets = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await RunningGateway.run(folder: folder) { gateway in
                        let keys = try await gateway.send(.GET, "/team/two/certs").body
                        _ = try await gateway.stop()
                        return keys
                    }
                }
            }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(sets.count == 1)
    }

    @Test("An invalid ring affects its endpoint only, with an error that says what to do")
    func garbage() async throws {
        let folder = try TemporaryFolder()
        try await RunningGateway.run(folder: folder) { first in
            _ = try await first.stop()
            try folder.write("{\"version\": 1}", to: "keys/one.keyring.json")
            try await RunningGateway.run(folder: folder) { gateway in
                let token = try gateway.cluster.token(at: Date())
                let refused = try await gateway.exchange("/team/one", token)
                #expect(refused.status == 503 && refused.headers.first(name: "Retry-After") != nil)
                #expect(try await gateway.exchange("/team/two", token).status == 200)
                let ready = try await gateway.send(.GET, "/readyz?verbose", admin: true)
                #expect(ready.status == 200 && ready.text.contains("[-]keyring/one failed: invalid key ring in "))
            }
        }
    }
}
