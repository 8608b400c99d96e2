import Dispatch
import Foundation
import GatewayTestSupport
import JSON
import Logging
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The log's output", .hangs)
struct BufferedLogOutputTests {
    /// Takes lines; a write waits until it is released.
    private final class BlockedOutput: Sendable {
        private let kept = Mutex<[String]>([])
        private let gate = DispatchSemaphore(value: 0)
        private let began = DispatchSemaphore(value: 0)

        var lines: [String] { kept.withLock { $0 } }

        func write(_ text: String) {
            began.signal()
            gate.wait()
            kept.withLock { $0 += text.split(separator: "\n").map(String.init) }
        }

        func untilWriting() { began.wait() }
        func release() { for _ in 0..<1_000 { gate.signal() } }
    }

    @Test("A logger returns while the output takes nothing; lines beyond the buffer are counted and reported")
    func blocked() async throws {
        let blocked = BlockedOutput()
        let output = BufferedLogOutput(capacity: 4, clock: { ExampleGateway.now }, write: blocked.write)
        let logger = Logger(label: "test") { label in
            JSONLogHandler(label: label, logLevel: .info, write: output.write)
        }
        logger.info("first")
        blocked.untilWriting()
        // On a synchronous output this would not return.
        for number in 0..<10 { logger.info("later", metadata: ["number": .stringConvertible(number)]) }
        #expect(output.takeDroppedLines() == 6)
        #expect(output.takeDroppedLines() == 0)
        blocked.release()
        await output.drain(for: .seconds(HangDeadline.seconds))
        let lines = try blocked.lines.map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) }
        #expect(lines.compactMap { $0["number"] } == [0, 1, 2, 3])
        #expect(lines.last?["message"] == "log lines dropped")
        #expect(lines.last?["lines"] == 6)
        #expect(lines.last?["level"] == "warning")
    }

    @Test("The end of the process does not wait for an output that takes nothing")
    func drained() async {
        let blocked = BlockedOutput()
        let output = BufferedLogOutput(clock: { ExampleGateway.now }, write: blocked.write)
        output.write("a line\n")
        blocked.untilWriting()
        await output.drain(for: .zero)
        #expect(blocked.lines.isEmpty)
        blocked.release()
    }
}
