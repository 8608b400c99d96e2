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
