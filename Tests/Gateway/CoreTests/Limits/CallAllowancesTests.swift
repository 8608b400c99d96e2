import Testing

@testable import GatewayCore

@Suite("Limits of token calls")
struct CallAllowancesTests {
    private func allowances(
        serviceAccount: RateLimit = RateLimit(perSecond: 2, burst: 4),
        rejected: RateLimit = .init(perSecond: 1, burst: 2),
        total: RateLimit = RateLimit(perSecond: 100, burst: 100), tracked: Int = 8
    ) -> CallAllowances<Int> {
        CallAllowances(
            CallLimits(serviceAccount: serviceAccount, rejected: rejected, total: total, trackedCallers: tracked))
    }

    /// The calls out of `count` that are allowed.
    private func allowed(
        _ count: Int, of name: String, in allowances: inout CallAllowances<Int>, at now: Double
    ) -> Int {
        (0..<count).count { _ in allowances.spend(namespace: "shop", serviceAccount: name, at: now) == nil }
    }

    @Test("A ServiceAccount has its burst at once, then its rate, and never more than its burst")
    func bucket() {
        var limits = allowances()
        #expect(allowed(10, of: "web", in: &limits, at: 0) == 4)
        #expect(allowed(10, of: "web", in: &limits, at: 0.25) == 0)
        #expect(allowed(10, of: "web", in: &limits, at: 0.5) == 1)
        #expect(allowed(10, of: "web", in: &limits, at: 1.5) == 2)
        #expect(allowed(10, of: "web", in: &limits, at: 1_000) == 4)
    }

    @Test("An exhausted ServiceAccount changes nothing for another one, nor for its namesake in another namespace")
    func isolation() {
        var limits = allowances(total: RateLimit(perSecond: 1, burst: 8))
        #expect(allowed(1_000, of: "web", in: &limits, at: 0) == 4)
        #expect(limits.spend(namespace: "other", serviceAccount: "web", at: 0) == nil)
        #expect(allowed(3, of: "api", in: &limits, at: 0) == 3)
    }

    @Test("The limit of all calls holds, and does not spend the bucket of a ServiceAccount")
    func total() {
        var limits = allowances(total: RateLimit(perSecond: 1, burst: 3))
        #expect(allowed(2, of: "web", in: &limits, at: 0) == 2)
        #expect(allowed(4, of: "api", in: &limits, at: 0) == 1)
        let refusal = limits.spend(namespace: "shop", serviceAccount: "api", at: 0)
        #expect(refusal == CallRefusal(.total, retryAfter: 1))
        #expect(allowed(4, of: "api", in: &limits, at: 3) == 3)
    }

    @Test("An address is refused after its rejected calls only, and recovers")
    func sources() {
        var limits = allowances()
        #expect(limits.refusal(of: 1, at: 0) == nil)
        for _ in 0..<50 { limits.reject(1, at: 0) }
        #expect(limits.refusal(of: 1, at: 0) == CallRefusal(.source, retryAfter: 1))
        #expect(limits.refusal(of: 2, at: 0) == nil)
        #expect(limits.refusal(of: 1, at: 1) == nil)
    }

    @Test("The buckets are bounded; those beyond share one, and full ones give way")
    func bounded() {
        var limits = allowances(tracked: 8)
        for source in 0..<10_000 {
            limits.reject(source, at: 0)
            limits.reject(source, at: 0)
        }
        #expect(limits.count == 8)
        #expect(limits.refusal(of: 3, at: 0) != nil)
        #expect(limits.refusal(of: 9_999, at: 0) != nil)
        #expect(limits.refusal(of: 123_456, at: 0) != nil)
        // Two seconds later all stored buckets are full.
        limits.reject(123_456, at: 2)
        #expect(limits.count == 1)
        #expect(limits.refusal(of: 123_456, at: 2) == nil)
    }

    @Test("Retry-After is the time until the next call, rounded up, from 1 to 600 seconds")
    func retryAfter() {
        var limits = allowances(serviceAccount: RateLimit(perSecond: 1, burst: 1))
        #expect(limits.spend(namespace: "shop", serviceAccount: "web", at: 0) == nil)
        #expect(limits.spend(namespace: "shop", serviceAccount: "web", at: 0.5)?.retryAfter == 1)
        #expect(CallRefusal(.total, wait: 1e9).retryAfter == 600)
        #expect(CallRefusal(.total, wait: 0.1).retryAfter == 1)
    }

    @Test("With the default limits 1,000 Pods of one ServiceAccount exchange two tokens each at once")
    func defaults() throws {
        let limits = try #require(ExampleDocument.load(ExampleDocument.document()).configuration).limits.calls
        var allowances = CallAllowances<Int>(limits)
        #expect(allowed(2_000, of: "web", in: &allowances, at: 0) == 2_000)
        // The rest of five endpoints follows within 30 s.
        let later = (1...30).reduce(0) { $0 + allowed(1_000, of: "web", in: &allowances, at: Double($1)) }
        #expect(later == 3_000)
    }
}
