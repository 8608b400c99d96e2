import Testing

@testable import Sidecar

@Suite("When a token is fetched next")
struct RefreshScheduleTests {
    @Test("At two thirds of its life, 10 % earlier or later")
    func twoThirds() {
        var schedule = RefreshSchedule(at: 100)
        #expect(schedule.isDue(at: 100))
        schedule.succeeded(at: 100, life: 900, random: 0)
        #expect(schedule.due == 640)
        schedule.succeeded(at: 100, life: 900, random: 0.5)
        #expect(schedule.due == 700)
        schedule.succeeded(at: 100, life: 900, random: 0.999_999)
        #expect(schedule.due > 759 && schedule.due < 760)
        #expect(schedule.isTokenValid(at: 999) && !schedule.isTokenValid(at: 1000))
    }

    @Test("Where the program is awake for another endpoint, it is fetched along within those 10 %")
    func coalescing() {
        var schedule = RefreshSchedule(at: 0)
        schedule.succeeded(at: 0, life: 900, random: 0.9)
        #expect(!schedule.isDue(at: 539) && schedule.isDue(at: 540))
    }

    @Test("A token of no life at all makes no storm")
    func tinyLife() {
        var schedule = RefreshSchedule(at: 0)
        schedule.succeeded(at: 0, life: 0.001, random: 0)
        #expect(schedule.due >= 0.5)
    }

    @Test("Failures wait a random part of 1, 2, 4 … 60 seconds, for ever")
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
        schedule.succeeded(at: 0, life: 900, random: 0.5)
        schedule.failed(at: 0, retryAfter: nil, random: 1)
        #expect(schedule.due == 1, "a success forgets the failures")
    }

    @Test("Never before the gateway wants to be asked again, which is ten minutes at most")
    func retryAfter() {
        var schedule = RefreshSchedule(at: 0)
        schedule.failed(at: 0, retryAfter: 30, random: 0)
        #expect(schedule.due == 30)
        schedule.failed(at: 0, retryAfter: 1_000_000, random: 0)
        #expect(schedule.due == 600)
        schedule.failed(at: 0, retryAfter: 30, random: 1)
        #expect(schedule.due > 30 && schedule.due <= 34)
    }

    @Test("A failure leaves the token as long as it lives")
    func tokenStays() {
        var schedule = RefreshSchedule(at: 0)
        schedule.succeeded(at: 0, life: 900, random: 0.5)
        schedule.failed(at: 600, retryAfter: nil, random: 0.5)
        #expect(schedule.isTokenValid(at: 899) && !schedule.isTokenValid(at: 900))
    }
}
