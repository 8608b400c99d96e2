import Testing

@testable import GatewayCore

@Suite("Which Events are due")
struct PodEventThrottleTests {
    private func key(_ pod: Int, endpoint: String = "one") -> PodEvent.Key {
        PodEvent.Key(podUID: "uid-\(pod)", endpoint: endpoint, reason: .tokenRefused)
    }

    @Test("One for each Pod and endpoint in ten minutes")
    func interval() {
        var throttle = PodEventThrottle()
        #expect(throttle.verdict(on: key(1), at: 0) == .due)
        #expect(throttle.verdict(on: key(1), at: 599.9) == .repeated)
        #expect(throttle.verdict(on: key(2), at: 599.9) == .due)
        #expect(throttle.verdict(on: key(1, endpoint: "two"), at: 599.9) == .due)
        #expect(throttle.verdict(on: key(1), at: 600) == .due)
        #expect(throttle.verdict(on: key(1), at: 601) == .repeated)
    }

    @Test(
        "After the burst the rate applies, and a Pod that was not reported is due with its next denial")
    func rate() {
        var limits = PodEventThrottle.Limits()
        (limits.rate, limits.burst) = (2, 3)
        var throttle = PodEventThrottle(limits)
        #expect((0..<5).map { throttle.verdict(on: key($0), at: 100) } == [.due, .due, .due, .limited, .limited])
        #expect(throttle.verdict(on: key(3), at: 100.4) == .limited)
        #expect(throttle.verdict(on: key(3), at: 100.5) == .due)
        #expect(throttle.verdict(on: key(4), at: 100.5) == .limited)
        // After any pause, no more than the burst.
        #expect((10..<14).map { throttle.verdict(on: key($0), at: 99_000) } == [.due, .due, .due, .limited])
    }

    @Test("Repetitions do not count for the rate")
    func repetitions() {
        var limits = PodEventThrottle.Limits()
        (limits.rate, limits.burst) = (0, 2)
        var throttle = PodEventThrottle(limits)
        #expect(throttle.verdict(on: key(1), at: 0) == .due)
        for _ in 0..<100 { #expect(throttle.verdict(on: key(1), at: 1) == .repeated) }
        #expect(throttle.verdict(on: key(2), at: 1) == .due)
    }

    @Test("The number of keys is limited, and old keys are removed")
    func bound() {
        var limits = PodEventThrottle.Limits()
        (limits.burst, limits.keys) = (1000, 10)
        var throttle = PodEventThrottle(limits)
        for pod in 0..<10 { #expect(throttle.verdict(on: key(pod), at: Double(pod)) == .due) }
        #expect(throttle.verdict(on: key(99), at: 10) == .limited)
        #expect(throttle.count == 10)
        #expect(throttle.verdict(on: key(99), at: 604) == .due)
        #expect(throttle.count == 6)
    }

    @Test("An Event that could not be created is due again")
    func forgetting() {
        var throttle = PodEventThrottle()
        #expect(throttle.verdict(on: key(1), at: 0) == .due)
        throttle.remove(key(1))
        #expect(throttle.verdict(on: key(1), at: 1) == .due)
    }
}
