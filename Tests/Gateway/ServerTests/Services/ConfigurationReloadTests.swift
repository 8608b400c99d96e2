import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import GatewayServer

/// The file contains the name of the cluster, or nothing that is valid.
@Suite(.hangs) struct ConfigurationReloadTests {
    private let stored = FakeDocumentStore<LastValidConfiguration>()

    private struct Reloading {
        let example: ExampleMounting
        let current: CurrentConfiguration
        let report: ReloadReport
        let service: ConfigurationReload

        var cluster: String { current.value.configuration.cluster }

        /// Replaces the file, unless `text` is nil, and returns after the next look at it.
        func change(_ text: String? = nil) async throws {
            if let text { try example.folder.write(text, to: "gateway.yaml") }
            await looked()
            example.time.advance(by: ConfigurationReload.interval)
            await looked()
        }

        /// Returns once the service waits until its next look.
        func looked() async { await example.time.waitForSleeper { $0 == ConfigurationReload.interval } }

        func count(_ result: ReloadMetrics.Result) -> Int {
            let line = #"sts_config_reload_total{result="\#(result.rawValue)"} "#
            let lines = example.prometheus.text.split(separator: "\n")
            return lines.first { $0.hasPrefix(line) }.flatMap { Int($0.dropFirst(line.count)) } ?? 0
        }
    }

    private static func load(_ text: String) -> (configuration: GatewayConfiguration?, problems: [ConfigurationProblem])
    {
        let added = text == "25 more" ? (0..<25).map { ExampleGateway.endpoint("added-\($0)") } : []
        guard text != "invalid", var configuration = try? ExampleGateway.configuration(of: added) else {
            return (nil, [ConfigurationProblem(.error, at: "cluster", "invalid name")])
        }
        configuration.cluster = text
        if text == "other limits" { configuration.limits.bodyBytes += 1 }
        return (configuration, [])
    }

    /// - Parameters:
    ///   - file: what the file contains when the service starts.
    ///   - started: the text that the gateway has started with.
    private func run(
        file: String = "first", started: String = "first", problem: String? = nil,
        _ body: (Reloading) async throws -> Void
    ) async throws {
        try await ExampleMounting.run { example in
            try example.folder.write(file, to: "gateway.yaml")
            let configuration = try #require(Self.load(problem == nil ? started : "last valid").configuration)
            let current = CurrentConfiguration(try await example.mount(configuration))
            let report = ReloadReport(problem: problem, metrics: ReloadMetrics(factory: example.prometheus))
            let service = ConfigurationReload(
                ConfigurationSource(path: "\(example.folder.path)/gateway.yaml", load: { Self.load($0) }),
                text: started, current: current, mounting: example.mounting, store: stored, report: report,
                scheduler: example.time.scheduler, logger: example.log.logger)
            let reloading = Reloading(example: example, current: current, report: report, service: service)
            try await FakeCluster.running({ await service.run() }) { try await body(reloading) }
        }
    }

    /// Returns once the store contains it.
    private func untilStored(_ text: String, _ reloading: Reloading) async throws {
        try await until { stored[""]?.value.text == text }
    }

    @Test func `a changed file is applied and stored for a restart`() async throws {
        try await run { reloading in
            try await untilStored("first", reloading)
            try await reloading.change("second")
            #expect(reloading.cluster == "second" && reloading.report.problem == nil)
            #expect(reloading.count(.applied) == 1)
            try await untilStored("second", reloading)
        }
    }

    @Test func `the log has what was added, and not every endpoint`() async throws {
        try await run { reloading in
            try await reloading.change("25 more")
            let line = try #require(
                reloading.example.log.text.split(separator: "\n").first { $0.contains("configuration reloaded") })
            #expect(line.contains(#""endpoints":"25""#) && line.contains("added-0") && line.contains("and 5 more"))
            try await reloading.change("second")
            #expect(reloading.example.log.text.contains(#""added":[],"endpoints":"0","removed":["added-0""#))
        }
    }

    @Test func `a file that does not change is not loaded again`() async throws {
        try await run { reloading in
            try await reloading.change()
            try await reloading.change("first")
            #expect(ReloadMetrics.Result.allCases.map(reloading.count) == [0, 0, 0])
        }
    }

    @Test func `a change that arrives while the gateway starts is applied`() async throws {
        try await run(file: "second", started: "first") { reloading in
            await reloading.looked()
            #expect(reloading.cluster == "second" && reloading.count(.applied) == 1)
        }
    }

    @Test func `a change to canonically equivalent text is a change`() async throws {
        try await run(file: "e\u{301}", started: "\u{E9}") { reloading in
            await reloading.looked()
            #expect(reloading.cluster.unicodeScalars.count == 2 && reloading.count(.applied) == 1)
            try await until { stored[""]?.value.text.unicodeScalars.count == 2 }
        }
    }

    @Test func `an invalid file changes nothing, and is reported until it is valid again`() async throws {
        try await run { reloading in
            try await untilStored("first", reloading)
            try await reloading.change("invalid")
            #expect(reloading.cluster == "first" && reloading.count(.rejected) == 1)
            #expect(reloading.report.problem?.contains("cluster: ") == true)
            #expect(reloading.example.log.text.contains("invalid name"))
            #expect(stored[""]?.value.text == "first")
            // The configuration in force, too, is applied again: the report must not stay.
            try await reloading.change("first")
            #expect(reloading.report.problem == nil && reloading.count(.applied) == 1)
        }
    }

    @Test func `a file that is missing or not UTF-8 is rejected`() async throws {
        try await run { reloading in
            await reloading.looked()
            let path = "\(reloading.example.folder.path)/gateway.yaml"
            try Data([0x66, 0xFF]).write(to: URL(filePath: path), options: .atomic)
            try await reloading.change()
            #expect(reloading.report.problem?.contains("UTF-8") == true && reloading.count(.rejected) == 1)
            try FileManager.default.removeItem(atPath: path)
            try await reloading.change()
            #expect(reloading.report.problem?.contains("not readable") == true && reloading.count(.rejected) == 2)
            try await reloading.change("second")
            #expect(reloading.cluster == "second" && reloading.report.problem == nil)
        }
    }

    @Test func `a change that needs a restart is reported, and nothing is applied`() async throws {
        try await run { reloading in
            try await reloading.change("other limits")
            #expect(reloading.cluster == "first" && reloading.count(.needsRestart) == 1)
            #expect(reloading.report.problem?.contains("limits") == true)
        }
    }

    @Test func `after a start with the last valid configuration, that is not stored again`() async throws {
        try await run(file: "invalid", started: "invalid", problem: "invalid") { reloading in
            try await reloading.change("second")
            #expect(reloading.cluster == "second")
            try await untilStored("second", reloading)
            #expect(stored.saves == 1)
        }
    }

    @Test func `a store that fails is tried again, and the configuration is in force meanwhile`() async throws {
        stored.fail(.unavailable("no route to host"))
        try await run { reloading in
            try await reloading.change("second")
            #expect(reloading.cluster == "second")
            stored.fail(nil)
            // How many attempts have failed before, and so how long the next one waits, depends on their order.
            try await until {
                reloading.example.time.advance(by: 1)
                return stored[""]?.value.text == "second"
            }
        }
    }
}
