import GatewayPluginAPI
import JSON
import Synchronization
import Testing

@testable import CloudAPI

@Suite("Long-running operations")
struct LongRunningOperationTests {
    /// Waits for an operation that is done after some readings; returns the result and the pauses.
    private func waited(_ readings: Int) async -> (Result<JSONValue, PublishError>, [Int]) {
        let left = Mutex(readings)
        let pauses = Mutex<[Int]>([])
        let operation = LongRunningOperation { (seconds) throws(PublishError) in pauses.withLock { $0.append(seconds) }
        }
        do throws(PublishError) {
            let result = try await operation.result(
                "PATCH thing", first: readings == 0 ? .done("at once") : .running
            ) { () throws(PublishError) in
                let isDone = left.withLock { left in
                    left -= 1
                    return left == 0
                }
                return isDone ? .done("later") : .running
            }
            return (.success(result), pauses.withLock { $0 })
        } catch {
            return (.failure(error), pauses.withLock { $0 })
        }
    }

    @Test("An operation that is done is not read again; the pauses grow")
    func done() async throws {
        let (first, none) = await waited(0)
        #expect(try first.get() == "at once" && none == [])
        let (third, pauses) = await waited(3)
        #expect(try third.get() == "later" && pauses == [1, 1, 2])
    }

    @Test("The wait is bounded")
    func bounded() async {
        let (result, pauses) = await waited(100)
        #expect(pauses.reduce(0, +) == 60)
        #expect(
            throws: PublishError(
                .unavailable, "PATCH thing is not done after 60 s; its result is read later", retryAfter: 10)
        ) { try result.get() }
    }
}
