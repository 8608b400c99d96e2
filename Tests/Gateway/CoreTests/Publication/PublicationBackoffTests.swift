import GatewayCore
import Testing

@Suite("The backoff of publication")
struct PublicationBackoffTests {
    @Test("doubles its bound with each failure up to five minutes, and waits a random part of it")
    func bounds() {
        func longest(_ failures: Int) -> Double {
            PublicationBackoff.delay(failures: failures, retryAfter: nil, random: 1)
        }
        #expect((1...10).map(longest) == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
        #expect(longest(1_000_000) == 300)
        #expect(PublicationBackoff.delay(failures: 5, retryAfter: nil, random: 0.25) == 8)
    }

    @Test("is never nothing, and never shorter than the other side wants")
    func floor() {
        #expect(PublicationBackoff.delay(failures: 9, retryAfter: nil, random: 0) == 0.5)
        #expect(PublicationBackoff.delay(failures: 1, retryAfter: 60, random: 1) == 60)
    }
}
