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
        #expect(clock.ahead(time, monotonic: 101 + ServerClock.maximumAge) == nil)
    }

    @Test(
        "A field that is missing or invalid, and an answer that took long, are not used", arguments: [nil, "", "now"])
    func unusable(field: String?) {
        let clock = ServerClock()
        clock.record(date: field, sent: 0, received: 1)
        clock.record(date: date, sent: 0, received: 11)
        #expect(clock.ahead(time, monotonic: 0) == nil)
    }

    @Test("An answer from a cache is as old as its Age says; one without Age does not move the clock back")
    func caches() {
        let clock = ServerClock()
        clock.record(date: date, age: "300", sent: 0, received: 0, mayBeStale: true)
        #expect(clock.ahead(time.addingTimeInterval(300.5), monotonic: 0) == 0)
        clock.record(date: date, sent: 10, received: 10, mayBeStale: true)
        #expect(clock.ahead(time.addingTimeInterval(310.5), monotonic: 10) == 0)
    }
}
