import Testing

@testable import ExchangeClient

@Suite("Refresh schedule")
struct RefreshScheduleTests {
    @Test("A token is refreshed at two thirds of its lifetime ± 10 %")
    func twoThirds() {
        var schedule = RefreshSchedule(at: 100)
        #expect(schedule.isDue(at: 100))
        schedule.succeeded(at: 100, lifetime: 900, random: 0)
        #expect(schedule.due == 640)
        schedule.succeeded(at: 100, lifetime: 900, random: 0.5)
        #expect(schedule.due == 700)
        schedule.succeeded(at: 100, lifetime: 900, random: 0.999_999)
        #expect(schedule.due > 759 && schedule.due < 760)
        #expect(schedule.isTokenValid(at: 999) && !schedule.isTokenValid(at: 1000))
    }

    @Test("A token is refreshed while it remains valid for the time of the rule, whatever the jitter is")
    func remaining() {
        var schedule = RefreshSchedule(at: 0)
        for random in [0, 0.5, 0.999_999] {
            schedule.succeeded(at: 0, lifetime: 3_600, remaining: 720, random: random)
            #expect(schedule.due <= 2_880 && schedule.due >= 2_160)
            schedule.succeeded(at: 0, lifetime: 900, remaining: 720, random: random)
            #expect(schedule.due <= 180 && schedule.due > 140)
            schedule.succeeded(at: 0, lifetime: 600, remaining: 720, random: random)
            #expect(schedule.due <= 300 && schedule.due > 240)
        }
    }

    @Test("A wake-up for another endpoint refreshes tokens whose earliest time has passed")
    func coalescing() {
        var schedule = RefreshSchedule(at: 0)
        schedule.succeeded(at: 0, lifetime: 900, random: 0.9)
        #expect(!schedule.isDue(at: 539) && schedule.isDue(at: 540))
    }

    @Test("A token with a very short lifetime is refreshed after half a second at the earliest")
    func shortLifetime() {
        var schedule = RefreshSchedule(at: 0)
        schedule.succeeded(at: 0, lifetime: 0.001, random: 0)
        #expect(schedule.due >= 0.5)
    }

    @Test("Failures are retried with exponential backoff and full jitter up to 60 seconds")
    func backoff() {
        var schedule = RefreshSchedule(at: 0)
        var ceilings: [Double] = []
        for _ in 0..<100 {
            schedule.failed(at: 0, retryAfter: nil, random: 1)
            ceilings.append(schedule.due)
        }
        #expect(Array(ceilings.prefix(8)) == [1, 2, 4, 8, 16, 32, 60, 60])
        #expect(ceilings.last == 60)
        schedule.failed(at: 0, retryAfter: nil, random: 0.25)
        #expect(schedule.due == 15)
        schedule.succeeded(at: 0, lifetime: 900, random: 0.5)
        schedule.failed(at: 0, retryAfter: nil, random: 1)
        #expect(schedule.due == 1, "a success resets the backoff")
    }

    @Test("No attempt is made before Retry-After, up to ten minutes")
    func retryAfter() {
        var schedule = RefreshSchedule(at: 0)
        schedule.failed(at: 0, retryAfter: 30, random: 0)
        #expect(schedule.due == 30)
        schedule.failed(at: 0, retryAfter: 1_000_000, random: 0)
        #expect(schedule.due == 600)
        schedule.failed(at: 0, retryAfter: 30, random: 1)
        #expect(schedule.due > 30 && schedule.due <= 34)
    }

    @Test("A failed refresh does not change how long the token is valid")
    func tokenStays() {
        var schedule = RefreshSchedule(at: 0)
        schedule.succeeded(at: 0, lifetime: 900, random: 0.5)
        schedule.failed(at: 600, retryAfter: nil, random: 0.5)
        #expect(schedule.isTokenValid(at: 899) && !schedule.isTokenValid(at: 900))
    }
}
