import FoundationEssentials
import Testing

@testable import AWSPlugin

@Suite("A service's time")
struct TimestampTests {
    @Test(
        "is read with a fraction or without",
        arguments: [
            ("2013-05-24T00:00:00Z", 1_369_353_600.0), ("2013-05-24T00:00:00.5Z", 1_369_353_600.5),
            ("2013-05-24T00:00:00.000Z", 1_369_353_600), ("2013-05-24T02:00:00+02:00", 1_369_353_600),
        ])
    func reads(text: String, seconds: Double) throws {
        let date = try #require(Timestamp.date(text))
        #expect(abs(date.timeIntervalSince1970 - seconds) < 0.01)
    }

    @Test("is nothing where it is no time", arguments: ["", "soon", "1369353600", "2013-05-24"])
    func refused(text: String) {
        #expect(Timestamp.date(text) == nil)
    }
}
