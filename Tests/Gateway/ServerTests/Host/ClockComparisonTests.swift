import GatewayCore
import Kubernetes
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("The comparison of this replica's clock")
struct ClockComparisonTests {
    private let time = TestScheduler()

    private func comparison(isSynchronized: Bool) -> ClockComparison {
        ClockComparison(
            server: ServerClock(mayBeCached: true), scheduler: time.scheduler, isSynchronized: { isSynchronized })
    }

    @Test("Without an answer of a server, a clock is right where the machine's clock is synchronized, else unknown")
    func synchronized() {
        #expect(comparison(isSynchronized: true).result?.agrees == true)
        #expect(comparison(isSynchronized: false).result == nil)
        #expect(comparison(isSynchronized: true).compared == nil)
    }

    @Test("An answer of a server decides, whatever the machine says, until it is too old", arguments: [true, false])
    func answer(isSynchronized: Bool) {
        let clock = comparison(isSynchronized: isSynchronized)
        time.compare(clock, ahead: 7_200)
        #expect(clock.result?.agrees == false)
        #expect(clock.compared == clock.result)
        time.advance(by: clock.server.maximumAge + 1)
        #expect(clock.result?.agrees == (isSynchronized ? true : nil))
    }

    @Test("A clock whose error may be greater than the tolerance is not synchronized")
    func error() {
        #expect(!SystemClock.isSynchronized(within: -1))
    }
}
