import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import Testing

@Suite("Times in the audit and in the log")
struct TimestampTests {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    @Test("Their text is that of Foundation, at any time of the calendar")
    func random() {
        var random = SeededRandom(seed: 23)
        for round in 0..<20_000 {
            // The years 0 to 10100, and our own time more often.
            let seconds =
                round.isMultiple(of: 2)
                ? Double.random(in: -63_113_904_000...255_600_000_000, using: &random)
                : Double.random(in: 600_000_000...2_000_000_000, using: &random)
            let time = Date(timeIntervalSinceReferenceDate: round.isMultiple(of: 3) ? seconds.rounded() : seconds)
            #expect(Timestamp.text(time) == time.formatted(Self.style))
        }
    }

    @Test(
        "The ends of years, centuries and days are right",
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0.0), ("2000-02-29T23:59:59.999Z", 951_868_799.9995),
            ("2000-03-01T00:00:00.000Z", 951_868_800), ("2100-02-28T23:59:59.000Z", 4_107_542_399),
            ("2100-03-01T00:00:00.000Z", 4_107_542_400), ("1999-12-31T23:59:59.500Z", 946_684_799.5),
            ("9999-12-31T23:59:59.000Z", 253_402_300_799), ("1583-01-01T00:00:00.000Z", -12_212_553_600),
        ])
    func edges(text: String, seconds: Double) {
        #expect(Timestamp.text(Date(timeIntervalSince1970: seconds)) == text)
    }
}
