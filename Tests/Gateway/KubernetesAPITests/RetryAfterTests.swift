import FoundationEssentials
import KubernetesAPI
import Testing

@Suite("Retry-After")
struct RetryAfterTests {
    /// 1994-11-06T08:49:37Z, the date of RFC 9110 §5.6.7.
    let now = Date(timeIntervalSince1970: 784_111_777)

    @Test("Seconds are independent of the time")
    func seconds() {
        for (field, expected) in [("0", 0), ("1", 1), ("120", 120), ("99999999999999999999999", Int.max)] {
            #expect(RetryAfter.seconds(field, at: now) == expected, "\(field)")
        }
    }

    @Test("A date is relative to the current time, and 0 if it has passed")
    func dates() {
        for (field, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
            ("Sun, 06 Nov 1994 08:49:36 GMT", 0), ("Mon, 07 Nov 1994 08:49:37 GMT", 86_400),
            ("Thu, 29 Feb 1996 00:00:00 GMT", 41_440_223), ("Fri, 01 Mar 1996 00:00:00 GMT", 41_526_623),
        ] {
            #expect(RetryAfter.seconds(field, at: now) == expected, "\(field)")
        }
        #expect(RetryAfter.seconds("Sun, 06 Nov 1994 08:49:38 GMT", at: now.addingTimeInterval(0.5)) == 1)
        #expect(RetryAfter.seconds("Thu, 01 Jan 1970 00:00:09 GMT", at: Date(timeIntervalSince1970: 0)) == 9)
    }

    @Test(
        "Other values are ignored",
        arguments: [
            "", " ", "-1", "1.5", "1s", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "١٢",
        ])
    func neither(field: String) {
        #expect(RetryAfter.seconds(field, at: now) == nil)
    }
}
