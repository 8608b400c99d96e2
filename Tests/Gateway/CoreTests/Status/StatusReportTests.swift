import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("The status report")
struct StatusReportTests {
    private let now = ExampleReport.now

    @Test("Each key has what it waits for, and until when")
    func keys() throws {
        let endpoint = try ExampleReport.endpoint()
        #expect(endpoint.health == .ok && endpoint.keys.map(\.state) == ["active", "published"])
        let successor = try #require(endpoint.keys.last)
        #expect(successor.until == now.addingTimeInterval(3_600))
        #expect(successor.next.contains("becomes active at"))
        #expect(endpoint.next == successor.next)
    }

    @Test("An endpoint without an active key has failed; one with a problem needs attention")
    func health() throws {
        let endpoint = try ExampleReport.endpoint(
            problems: [.init(text: "the bucket is away", code: .publishUnavailable, since: now)])
        #expect(endpoint.health == .warning)
        let configuration = try ExampleEndpoint.configuration([])
        let failed = StatusReport.Endpoint(
            configuration, snapshot: SigningKeySnapshot(failure: .unavailable("no answer")), ring: nil, problems: [],
            status: nil, calls: [], at: now)
        #expect(failed.health == .failed && failed.publication == nil)
        var report = ExampleReport.report([endpoint, failed])
        #expect(report.health == .failed)
        report.endpoints = [endpoint]
        #expect(report.health == .warning)
        report.endpoints = [try ExampleReport.endpoint()]
        report.checks = []
        #expect(report.health == .ok)
    }

    @Test("JSON has every part")
    func json() throws {
        let report = ExampleReport.report([try ExampleReport.endpoint()])
        let json = try JSONValue(parsing: report.json.utf8Text)
        #expect(json["endpoints"]?.elementList?.first?["keys"]?.elementList?.count == 2)
        #expect(json["failures"]?.elementList?.first?["code"] == "STS1502")
        #expect(json["checks"]?.elementList?.first?["problem"]?["code"] == "STS1412")
        #expect(json["exchanges"]?.elementList?.first?["total"] == 5)
        #expect(json["uninjectedPods"]?.elementList?.first?["count"] == 2)
        #expect(json["replicas"]?["leader"] == "sts-2")
    }

    @Test("Text controls no terminal, and shows the endpoints that need attention first")
    func text() throws {
        let problem = StatusReport.Problem(text: ExampleReport.hostile, code: .publishDenied, since: now)
        var report = ExampleReport.report([
            try ExampleReport.endpoint(), try ExampleReport.endpoint(problems: [problem]),
        ])
        report.cluster = "a\u{1B}b"
        let text = report.text
        let lines = text.split(separator: "\n")
        #expect(!text.unicodeScalars.contains { $0 != "\n" && $0.value < 0x20 || $0 == "\u{202E}" })
        let first = try #require(lines.firstIndex { $0.hasPrefix("one: ") })
        #expect(lines[first] == "one: warning" && lines[first + 1].contains("STS1502"))
    }
}

@Suite("Times of the status")
struct StatusTimeTests {
    @Test("are those of ISO 8601, on any day")
    func format() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<2_000 {
            let date = Date(timeIntervalSince1970: Double(Int.random(in: 0..<253_402_300_800, using: &random)))
            #expect(StatusTime.text(date) == date.formatted(.iso8601))
        }
        for day in [0, 951_782_400, 951_868_800, 4_107_542_399, 4_107_542_400] {
            let date = Date(timeIntervalSince1970: Double(day))
            #expect(StatusTime.text(date) == date.formatted(.iso8601))
        }
    }

    @Test("Durations have their two largest units")
    func durations() {
        #expect(StatusTime.text(seconds: 0) == "0 s")
        #expect(StatusTime.text(seconds: 59) == "59 s")
        #expect(StatusTime.text(seconds: 3_660) == "1 h 1 min")
        #expect(StatusTime.text(seconds: 86_400) == "1 d")
        #expect(StatusTime.text(seconds: -5) == "0 s")
    }
}

@Suite("Counts of outcomes")
struct OutcomeCountsTests {
    private enum Outcome: String, CaseIterable { case good, bad }

    private func totals(_ counts: inout OutcomeCounts<Outcome>, at minute: Int) -> [Int] {
        counts.series(at: minute).map(\.total)
    }

    @Test("The last hour is counted by minute, and older calls are forgotten")
    func hour() {
        var counts = OutcomeCounts<Outcome>(at: 1_000)
        counts.count(column: 0, at: 1_000)
        counts.count(column: 0, at: 1_000)
        counts.count(column: 1, at: 1_059)
        #expect(totals(&counts, at: 1_059) == [2, 1])
        let good = counts.series(at: 1_059)[0]
        #expect(good.outcome == "good" && good.minutes.count == 60 && good.minutes[0] == 2 && good.minutes[59] == 0)
        #expect(totals(&counts, at: 1_060) == [0, 1])
        #expect(totals(&counts, at: 1_200) == [0, 0])
    }

    @Test("A clock that goes back counts as the last minute, and a long pause clears everything")
    func clock() {
        var counts = OutcomeCounts<Outcome>(at: 10)
        counts.count(column: 0, at: 5)
        #expect(counts.series(at: 10)[0].minutes.last == 1)
        counts.count(column: 0, at: 1_000_000)
        #expect(totals(&counts, at: 1_000_000) == [1, 0])
    }
}
