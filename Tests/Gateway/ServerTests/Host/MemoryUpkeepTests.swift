import KubernetesTestSupport
import Synchronization
import Testing

@testable import GatewayServer

@Suite("Upkeep of the memory")
struct MemoryUpkeepTests {
    private final class Counter: Sendable {
        let count = Mutex(0)
    }

    @Test("What has expired is dropped after the start and every thirty seconds")
    func interval() async {
        let scheduler = TestScheduler()
        let counter = Counter()
        let upkeep = MemoryUpkeep(scheduler: scheduler.scheduler) { counter.count.withLock { $0 += 1 } }
        let running = Task { await upkeep.run() }
        await scheduler.waitForSleeper { $0 == MemoryUpkeep.start }
        scheduler.advance(by: MemoryUpkeep.start)
        for round in 0..<3 {
            await scheduler.waitForSleeper { $0 == MemoryUpkeep.interval }
            #expect(counter.count.withLock { $0 } == round + 1)
            scheduler.advance(by: MemoryUpkeep.interval)
        }
        await scheduler.waitForSleeper { $0 == MemoryUpkeep.interval }
        running.cancel()
        await running.value
        #expect(counter.count.withLock { $0 } == 4)
    }

    @Test("The code that the start and each interval have needed is dropped, and is mapped again")
    func code() async {
        let scheduler = TestScheduler()
        let counter = Counter()
        let dropCode = MemoryUpkeep(scheduler: scheduler.scheduler, dropExpired: {}).dropCode
        let upkeep = MemoryUpkeep(scheduler: scheduler.scheduler, dropExpired: {}) {
            dropCode()
            counter.count.withLock { $0 += 1 }
        }
        let running = Task { await upkeep.run() }
        await scheduler.waitForSleeper { $0 == MemoryUpkeep.start }
        #expect(counter.count.withLock { $0 } == 0)
        scheduler.advance(by: MemoryUpkeep.start)
        for round in 1...2 {
            await scheduler.waitForSleeper { $0 == MemoryUpkeep.interval }
            #expect(counter.count.withLock { $0 } == round)
            scheduler.advance(by: MemoryUpkeep.interval)
        }
        running.cancel()
        await running.value
    }
}
