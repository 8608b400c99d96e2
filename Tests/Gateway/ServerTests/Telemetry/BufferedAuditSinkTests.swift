import Dispatch
import Foundation
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JSON
import ServiceLifecycle
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The audit output", .hangs)
struct BufferedAuditSinkTests {
    /// Records lines; a write blocks while the output is stopped.
    private final class Output: Sendable {
        private let recorded = Mutex<[String]>([])
        private let gate = DispatchSemaphore(value: 0)
        private let began = DispatchSemaphore(value: 0)
        let isStopped: Bool
        let succeeds: Bool

        init(isStopped: Bool = false, succeeds: Bool = true) {
            self.isStopped = isStopped
            self.succeeds = succeeds
        }

        var lines: [String] { recorded.withLock { $0 } }

        func write(_ bytes: [UInt8]) -> Bool {
            if isStopped {
                began.signal()
                gate.wait()
            }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            recorded.withLock { $0 += lines }
            return succeeds
        }

        /// Returns when a write waits.
        func untilWriting() { began.wait() }
        func release(_ writes: Int) { for _ in 0..<writes { gate.signal() } }
        /// Ends blocked threads.
        func releaseAll() { release(1_000) }
    }

    private let backend = PrometheusMetrics()

    private func sink(
        _ output: Output, capacity: Int = 16, drainTime: Duration = .seconds(HangDeadline.seconds)
    ) -> BufferedAuditSink {
        BufferedAuditSink(
            capacity: capacity, drainTime: drainTime,
            metrics: GatewayMetrics(factory: backend, endpoints: [], version: "1"), clock: { ExampleGateway.now },
            write: output.write)
    }

    private func count(_ result: String) -> String? {
        let beginning = "sts_audit_records_total{result=\"\(result)\"} "
        return backend.text.split(separator: "\n").first { $0.hasPrefix(beginning) }.map {
            String($0.dropFirst(beginning.count))
        }
    }

    private func record(_ id: Int, isAuthenticated: Bool = true) -> AuditRecord {
        let identity = WorkloadIdentity(
            cluster: "test", namespace: "default", serviceAccount: .init(name: "web", uid: nil), pod: nil, node: nil,
            groups: [], credentialID: nil)
        return AuditRecord(
            .refused(isAuthenticated ? .deniedByPolicy(identity) : .invalidTarget),
            of: .init(id: String(id), endpoint: "one", route: .token, remoteAddress: nil),
            policy: AccessPolicy(rules: []), at: ExampleGateway.now, latency: .zero)
    }

    private func requests(_ lines: [String]) throws -> [JSONValue?] {
        try lines.map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8))["request_id"] }
    }

    /// Runs the sink until the shutdown.
    private func drain(_ sink: BufferedAuditSink) async throws {
        let trigger = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: sink),
                    .init(service: EndsAtOnce(), successTerminationBehavior: .gracefullyShutdownGroup),
                ], logger: RecordedJSONLog().logger))
        try await trigger.run()
    }

    private struct EndsAtOnce: Service {
        func run() async {}
    }

    @Test("Records are written as lines in order, and the shutdown waits for them")
    func order() async throws {
        let output = Output()
        let sink = sink(output, capacity: 1000)
        for id in 0..<500 { sink.record(record(id)) }
        try await drain(sink)
        #expect(try requests(output.lines) == (0..<500).map { .string(String($0)) })
        #expect(count("written") == "500" && count("dropped") == "0")
    }

    @Test("Records beyond the buffer are dropped and counted, and the next line has their number")
    func full() async throws {
        let output = Output(isStopped: true)
        defer { output.releaseAll() }
        let sink = sink(output, capacity: 4)
        sink.record(record(0))
        output.untilWriting()
        for id in 1...7 { sink.record(record(id)) }
        #expect(count("dropped") == "3")
        output.release(2)
        try await drain(sink)
        #expect(try requests(output.lines) == ["0", "1", "2", "3", "4", nil])
        #expect(output.lines.last == AuditRecord.gap(lost: 3, at: ExampleGateway.now).text)
        #expect(count("written") == "5")
    }

    @Test("Records of callers that are not authenticated use at most half of the buffer")
    func garbage() async throws {
        let output = Output(isStopped: true)
        defer { output.releaseAll() }
        let sink = sink(output, capacity: 4)
        sink.record(record(0))
        output.untilWriting()
        for id in 1...9 { sink.record(record(id, isAuthenticated: false)) }
        for id in 10...11 { sink.record(record(id)) }
        output.release(2)
        try await drain(sink)
        #expect(try requests(output.lines) == ["0", "1", "2", "10", "11", nil])
        #expect(count("dropped") == "7")
    }

    @Test("A failed output is counted, and does not block the shutdown")
    func broken() async throws {
        let refusing = sink(Output(succeeds: false))
        refusing.record(record(0))
        try await drain(refusing)
        #expect(count("failed") == "1")

        let output = Output(isStopped: true)
        defer { output.releaseAll() }
        let stuck = sink(output, drainTime: .zero)
        stuck.record(record(0))
        output.untilWriting()
        try await drain(stuck)
        #expect(output.lines.isEmpty)
    }
}
