import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Admission: the limit of large reviews", .hangs)
struct AdmissionLimiterTests {
    @Test("One large review is in progress at a time, and others do not wait for it")
    func large() async throws {
        #expect(AdmissionLimiter.maximumLarge == 1)
        let time = TestScheduler()
        let limiter = AdmissionLimiter(limits: .init(waiting: 0), scheduler: time.scheduler)
        let (stream, hold) = AsyncStream.makeStream(of: Never.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<AdmissionLimiter.maximumLarge {
                group.addTask {
                    try await limiter.run(atMost: 64, length: AdmissionLimiter.largeLength + 1) {
                        for await _ in stream {}
                    }
                }
            }
            try await until { limiter.queue.load.running == AdmissionLimiter.maximumLarge }
            await #expect(throws: AdmissionLimiter.Overload()) {
                try await limiter.run(atMost: 64, length: AdmissionLimiter.largeLength + 1) {}
            }
            #expect(try await limiter.run(atMost: 64, length: AdmissionLimiter.largeLength) { true })
            hold.finish()
            try await group.waitForAll()
        }
        #expect(try await limiter.run(atMost: 64, length: AdmissionLimiter.largeLength + 1) { true })
        #expect(limiter.queue.load == (0, 0) && limiter.largeQueue.load == (0, 0))
    }
}
