import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Upkeep of the memory")
struct MemoryUpkeepTests {
    private final class Counter: Sendable {
        let count = Mutex(0)
    }

    @Test("What has expired is dropped every thirty seconds")
    func interval() async {
        let scheduler = TestScheduler()
        let counter = Counter()
        let upkeep = MemoryUpkeep(scheduler: scheduler.scheduler) { counter.count.withLock { $0 += 1 } }
        let running = Task { await upkeep.run() }
        for round in 0..<3 {
            await scheduler.waitForSleeper { $0 == MemoryUpkeep.interval }
            #expect(counter.count.withLock { $0 } == round)
            scheduler.advance(by: MemoryUpkeep.interval)
        }
        await scheduler.waitForSleeper { $0 == MemoryUpkeep.interval }
        running.cancel()
        await running.value
        #expect(counter.count.withLock { $0 } == 3)
    }
}
