import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Logging
import Synchronization
import Testing

@testable import GatewayServer

@Suite("A loop that retries", .hangs)
struct RetryLoopTests {
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let time = TestScheduler(isImpatient: true, random: 1)
    private let log = RecordedJSONLog()

    private func loop(recovered: Bool = true) -> RetryLoop<Failure> {
        RetryLoop(
            scheduler: time.scheduler,
            log: FailureLog("it failed", recovered: recovered ? "it works again" : nil, logger: log.logger))
    }

    private var lines: [String] {
        log.text.split(separator: "\n").map { line in
            ["it failed", "it works again"].first { line.contains($0) } ?? ""
        }
    }

    @Test("A failed step is repeated with backoff, and a success resets the backoff")
    func backoff() async {
        var outcomes: [String?] = ["away", "away", "away", nil, "away", nil]
        await loop().run { () throws(Failure) in
            guard let outcome = outcomes.isEmpty ? nil : .some(outcomes.removeFirst()) else { return .never }
            if let outcome { throw Failure(description: outcome) }
            return .after(60)
        }
        #expect(time.slept == [0.5, 1, 2, 60, 0.5, 60])
    }

    @Test("A failure is logged when it begins and when its reason changes, and its end once")
    func logging() async {
        var outcomes: [String?] = ["away", "away", "denied", "denied", nil, nil, "away"]
        var reported: [String?] = []
        await loop().run {
            []
        } report: { failure in
            reported.append(failure.map { "\($0)" })
        } _: { () throws(Failure) in
            guard let outcome = outcomes.isEmpty ? nil : .some(outcomes.removeFirst()) else { return .never }
            if let outcome { throw Failure(description: outcome) }
            return .atOnce
        }
        #expect(reported == ["away", "denied", nil, "away", nil])
        #expect(lines == ["it failed", "it failed", "it works again", "it failed", "it works again"])
        #expect(log.text.contains(#""reason":"denied""#) && log.text.contains(#""level":"error""#))
    }

    @Test("A change starts the next step early, also one during a step")
    func changes() async {
        let time = TestScheduler()
        let signal = ChangeSignal()
        let loop = RetryLoop<Failure>(scheduler: time.scheduler, log: FailureLog("it failed", logger: log.logger))
        var steps = 0
        await loop.run {
            [signal.changes()]
        } _: { () throws(Failure) in
            steps += 1
            if steps == 3 { return .never }
            signal.send()
            return .at(nil)
        }
        #expect(steps == 3)
    }

    @Test("A failure that its task's cancellation causes is not logged")
    func cancelled() async {
        let (loop, log) = (loop(), log)
        let task = Task {
            await loop.run { () throws(Failure) in
                withUnsafeCurrentTask { $0?.cancel() }
                throw Failure(description: "cancelled")
            }
        }
        await task.value
        #expect(log.text.isEmpty)
    }
}
