import FoundationEssentials
import Testing

@testable import AWSPlugin

@Suite("A timestamp of a service")
struct TimestampTests {
    @Test(
        "is parsed with or without a fraction",
        arguments: [
            ("2013-05-24T00:00:00Z", 1_369_353_600.0), ("2013-05-24T00:00:00.5Z", 1_369_353_600.5),
            ("2013-05-24T00:00:00.000Z", 1_369_353_600), ("2013-05-24T02:00:00+02:00", 1_369_353_600),
        ])
    func reads(text: String, seconds: Double) throws {
        let date = try #require(Timestamp.date(text))
        #expect(abs(date.timeIntervalSince1970 - seconds) < 0.01)
    }

    @Test("is nil where the text is not a timestamp", arguments: ["", "soon", "1369353600", "2013-05-24"])
    func rejected(text: String) {
        #expect(Timestamp.date(text) == nil)
    }
}
