import FoundationEssentials
import Kubernetes
import KubernetesAPI
import Testing

@Suite("The clock of a server")
struct ServerClockTests {
    private let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    private let time = Date(timeIntervalSince1970: 784_111_777)

    @Test("The Date field is compared with this machine's clock, and the monotonic clock carries it on")
    func comparison() {
        let clock = ServerClock()
        #expect(clock.ahead(time, monotonic: 0) == nil)
        clock.record(date: date, sent: 100, received: 101)
        #expect(clock.ahead(time.addingTimeInterval(0.5), monotonic: 100.5) == 0)
        #expect(clock.ahead(time.addingTimeInterval(3_600.5), monotonic: 3_700.5) == 0)
        // This machine's clock was set two days ahead, or three hours behind, since.
        #expect(clock.ahead(time.addingTimeInterval(172_800.5), monotonic: 100.5) == 172_800)
        #expect(clock.ahead(time.addingTimeInterval(-10_799.5), monotonic: 100.5) == -10_800)
        #expect(clock.ahead(time, monotonic: 101 + clock.maximumAge) == nil)
    }

    @Test(
        "A field that is missing or invalid, and an answer that took long, are not used", arguments: [nil, "", "now"])
    func unusable(field: String?) {
        let clock = ServerClock()
        clock.record(date: field, sent: 0, received: 1)
        clock.record(date: date, sent: 0, received: 11)
        #expect(clock.ahead(time, monotonic: 0) == nil)
    }

    @Test("One of several servers with another clock does not decide, until most answers agree with it")
    func severalServers() {
        let clock = ServerClock()
        for second in 0..<4 {
            clock.record(
                date: "Sun, 06 Nov 1994 08:49:3\(second) GMT", sent: Double(second), received: Double(second))
        }
        let now = Date(timeIntervalSince1970: 784_111_774.5)
        clock.record(date: "Mon, 07 Nov 1994 08:49:34 GMT", sent: 4, received: 4)
        clock.record(date: "Mon, 07 Nov 1994 08:49:34 GMT", sent: 4, received: 4)
        #expect(clock.ahead(now, monotonic: 4) == 0)
        clock.record(date: "Mon, 07 Nov 1994 08:49:34 GMT", sent: 4, received: 4)
        #expect(clock.ahead(now, monotonic: 4) == -86_400)
    }

    @Test("An answer from a cache is as old as its Age says; one without Age does not move the clock back")
    func caches() {
        let clock = ServerClock(mayBeCached: true)
        clock.record(date: date, age: "300", sent: 0, received: 0)
        #expect(clock.ahead(time.addingTimeInterval(300.5), monotonic: 0) == 0)
        clock.record(date: date, sent: 10, received: 10)
        #expect(clock.ahead(time.addingTimeInterval(310.5), monotonic: 10) == 0)
        // The reading that was later is forgotten after an hour: the server's clock may have been set back.
        #expect(clock.ahead(time.addingTimeInterval(3_605.5), monotonic: 3_605) == 10)
    }
}
