import FoundationEssentials
import GatewayCore
import GatewayPluginTesting
import Logging
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The latest failures of the log")
struct RecentFailuresTests {
    private let clock = ManualClock(now: ExampleGateway.now)
    private let failures: RecentFailures

    init() { failures = RecentFailures(clock: { [clock] in clock.now }) }

    @Test("Repetitions are counted, with the last reason; what is below a warning is not kept")
    func repetition() {
        failures.record(.info, "request", ["code": "STS1110"])
        failures.record(.error, "publication failed", ["endpoint": "one", "code": "STS1502", "reason": "denied"])
        clock.advance(by: 60)
        failures.record(.error, "publication failed", ["endpoint": "one", "code": "STS1502", "reason": "still"])
        failures.record(.warning, "clock differs", [:])
        #expect(failures.all.count == 2)
        let failure = failures.all.first { $0.code == "STS1502" }
        #expect(failure?.count == 2 && failure?.reason == "still" && failure?.first == ExampleGateway.now)
        #expect(failure?.last == clock.now && failure?.endpoint == "one")
    }

    @Test("A reason does not repeat the code at its end")
    func codeOnce() {
        failures.record(
            .error, "configuration rejected", ["code": "STS1301", "problem": "sts: missing required key (STS1301)"])
        #expect(failures.all.first?.reason == "sts: missing required key")
        let problem = StatusReport.Problem(text: "no answer (STS1505)", code: .publishUnavailable, since: nil)
        #expect(problem.text == "no answer")
    }

    @Test("Their number is bounded, and the oldest is dropped")
    func bounds() {
        for number in 0..<RecentFailures.capacity + 10 {
            failures.record(.error, "failure \(number)", ["reason": "\(String(repeating: "a", count: 5_000))"])
            clock.advance(by: 1)
        }
        #expect(failures.all.count == RecentFailures.capacity)
        #expect(failures.all.first?.message == "failure \(RecentFailures.capacity + 9)")
        #expect(failures.all.allSatisfy { $0.reason?.count == RecentFailures.maximumReason })
    }

    @Test("The log passes its records on")
    func log() {
        let logger = Logger(label: "test") { [failures] label in
            JSONLogHandler(label: label, logLevel: .info, failures: failures) { _ in }
        }
        logger.error("key rotation failed", metadata: ["endpoint": "two", "reason": "no answer"])
        #expect(failures.all.map(\.message) == ["key rotation failed"] && failures.all.first?.endpoint == "two")
    }

    @Test("A warning of a module without codes gets one, and no other record does")
    func codes() {
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { [failures] label in
            JSONLogHandler(label: label, logLevel: .info, failures: failures) { line in lines.withLock { $0 += [line] }
            }
        }
        logger.warning("watch failed", source: "Kubernetes")
        logger.error("credential renewal failed", source: "ExamplePlugin")
        logger.error("key ring failed", metadata: ["code": "STS1402"])
        logger.notice("started")
        let codes = lines.withLock { $0 }.map { line in
            ["STS1411", "STS1910", "STS1402"].filter { line.contains("\"code\":\"\($0)\"") }
        }
        #expect(codes == [["STS1411"], ["STS1910"], ["STS1402"], []])
        #expect(Set(failures.all.map(\.code)) == ["STS1411", "STS1910", "STS1402"])
    }
}

@Suite("The history of calls")
struct CallHistoryTests {
    @Test("Calls are counted for their endpoint and in all; a removed endpoint is forgotten")
    func endpoints() {
        let history = CallHistory(monotonic: { 0 })
        history.keep(["one", "two"])
        history.record(.issued, of: "one")
        history.record(.denied, of: "two")
        history.record(.issued, of: "unknown")
        func totals(_ series: [OutcomeSeries]) -> [String: Int] {
            Dictionary(uniqueKeysWithValues: series.filter { $0.total > 0 }.map { ($0.outcome, $0.total) })
        }
        #expect(totals(history.series) == ["issued": 2, "denied": 1])
        #expect(totals(history.series(of: "one")) == ["issued": 1])
        history.keep(["one"])
        #expect(history.series(of: "two").isEmpty && totals(history.series(of: "one")) == ["issued": 1])
    }
}

@Suite("The times of problems")
struct ProblemTimesTests {
    @Test("A check fails since its first failure after it has passed")
    func since() {
        let clock = ManualClock(now: ExampleGateway.now)
        let times = ProblemTimes(clock: { clock.now })
        #expect(times.note("tls", isFailing: true) == ExampleGateway.now)
        clock.advance(by: 60)
        #expect(times.note("tls", isFailing: true) == ExampleGateway.now)
        #expect(times.note("tls", isFailing: false) == nil)
        #expect(times.note("tls", isFailing: true) == clock.now)
    }

    @Test("A replica is not ready before its listeners accept connections")
    func listening() {
        let state = ListeningState(["tokens", "webhook"])
        #expect(state.problem?.contains("tokens, webhook") == true)
        state.accepts("tokens")
        state.accepts("admin")
        #expect(state.problem?.contains(": webhook;") == true)
        state.accepts("webhook")
        #expect(state.problem == nil)
    }
}

@Suite("Loopback addresses")
struct LoopbackTests {
    @Test(
        "are those of 127/8 and ::1",
        arguments: [
            ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false),
            ("::2", false), ("128.0.0.1", false), ("127.evil", false), ("", false), ("::ffff:10.0.0.1", false),
        ])
    func loopback(_ address: String, _ isLoopback: Bool) {
        #expect(PeerAddress.isLoopback(address) == isLoopback)
    }
}
