import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Leadership", .hangs)
struct LeadershipTests {
    let time = TestScheduler()

    @Test("The leadership expires, also for a process that was suspended")
    func end() {
        let leadership = Leadership(monotonic: time.scheduler.monotonic)
        #expect(!leadership.isLeading)
        #expect(leadership.lead(until: 10))
        #expect(leadership.isLeading)
        time.pass(9.9)
        #expect(leadership.isLeading)
        #expect(!leadership.lead(until: 12))
        time.pass(2)
        #expect(leadership.isLeading)
        time.pass(0.1)
        #expect(!leadership.isLeading)
        #expect(leadership.stepDown())
        #expect(!leadership.stepDown())
    }

    @Test("A renewal is awaited before a write, and a leadership that ends instead does not permit it")
    func renewal() async {
        let leadership = Leadership(monotonic: time.scheduler.monotonic)
        #expect(await !leadership.renewed())
        leadership.lead(until: 10)
        async let isRenewed = leadership.renewed()
        // Repeated, since the call above may not wait yet.
        let renewing = Task {
            while !Task.isCancelled {
                leadership.lead(until: 20)
                await Task.yield()
            }
        }
        #expect(await isRenewed)
        renewing.cancel()
        await renewing.value
        async let isLost = leadership.renewed()
        let stepping = Task {
            while !Task.isCancelled {
                leadership.stepDown()
                await Task.yield()
            }
        }
        #expect(await !isLost)
        stepping.cancel()
        await stepping.value
    }

    @Test("A leadership by a lock, which needs no renewal, permits a write at once")
    func lock() async {
        let leadership = Leadership(monotonic: time.scheduler.monotonic)
        leadership.lead(until: .infinity)
        #expect(await leadership.renewed())
    }

    @Test("The current state is reported first, then each change, and of pending ones the last")
    func changes() async {
        let leadership = Leadership(monotonic: time.scheduler.monotonic)
        var changes = leadership.changes().makeAsyncIterator()
        #expect(await changes.next() == false)
        leadership.lead(until: 10)
        leadership.lead(until: 20)
        #expect(await changes.next() == true)
        leadership.stepDown()
        leadership.lead(until: 30)
        #expect(await changes.next() == true)
        var others = leadership.changes().makeAsyncIterator()
        #expect(await others.next() == true)
        leadership.stepDown()
        #expect(await changes.next() == false)
        #expect(await others.next() == false)
    }
}
