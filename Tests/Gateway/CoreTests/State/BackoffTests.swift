import GatewayCore
import Testing

@Suite("Backoff")
struct BackoffTests {
    @Test(
        "doubles its bound with each failure up to a limit, and takes a random part of it",
        arguments: [
            (Backoff.publication, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] as [Double]),
            (Backoff.calls, [0.5, 1, 2, 4, 8, 16, 30, 30]),
        ])
    func bounds(_ backoff: Backoff, _ expected: [Double]) {
        func longest(_ failures: Int) -> Double { backoff.delay(failures: failures, retryAfter: nil, random: 1) }
        #expect((1...expected.count).map(longest) == expected)
        #expect(longest(1_000_000) == expected.last)
        #expect(backoff.delay(failures: 4, retryAfter: nil, random: 0.25) == expected[3] / 4)
    }

    @Test("of publication is never zero, and at least Retry-After")
    func publication() {
        #expect(Backoff.publication.delay(failures: 9, retryAfter: nil, random: 0) == 0.5)
        #expect(Backoff.publication.delay(failures: 1, retryAfter: 60, random: 1) == 60)
        #expect(Backoff.publication.delay(failures: 1, retryAfter: 900, random: 1) == 900)
    }

    @Test("of calls waits for Retry-After, up to its limit")
    func calls() {
        #expect(Backoff.calls.delay(failures: 1, retryAfter: 7, random: 0) == 7)
        #expect(Backoff.calls.delay(failures: 1, retryAfter: 900, random: 0) == 30)
        #expect(Backoff.calls.delay(failures: 1, retryAfter: nil, random: 0) == 0)
    }
}
