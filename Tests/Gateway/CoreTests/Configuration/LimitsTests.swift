import Testing

@testable import GatewayCore

@Suite("Limits of the listeners")
struct LimitsTests {
    private func limits(idle: Int? = nil, drain: Int? = nil, shutdown: Int? = nil) -> GatewayConfiguration.Limits {
        GatewayConfiguration.Limits(
            bodyBytes: 1, headerBytes: 1, readTimeout: 1, idleTimeout: idle, connections: 1, drainDelay: drain,
            shutdownTimeout: shutdown,
            calls: CallLimits(
                serviceAccount: RateLimit(perSecond: 1, burst: 1), rejected: RateLimit(perSecond: 1, burst: 1),
                total: RateLimit(perSecond: 1, burst: 1), trackedCallers: 1))
    }

    @Test("By default a connection is idle for 110 s ± 10 %, and longer than Go's clients wait (90 s)")
    func idle() {
        let times = (0...100).map { limits().idleSeconds(random: Double($0) / 100) }
        #expect(times.min() == 99)
        #expect(times.max() == 121)
        #expect(times.allSatisfy { $0 >= 95 })
        #expect(limits(idle: 60).idleSeconds(random: 0.9) == 60, "a configured value stays as it is")
    }

    @Test("The shutdown has 40 s, and more where drainDelay takes more")
    func shutdown() {
        #expect(limits().shutdownSeconds(drainDelay: 5) == 40)
        #expect(limits().shutdownSeconds(drainDelay: 300) == 335)
        #expect(limits(shutdown: 20).shutdownSeconds(drainDelay: 5) == 20)
    }
}
