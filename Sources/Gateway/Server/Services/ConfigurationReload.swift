import FoundationEssentials
import GatewayCore
import JSON
import LocalFiles
import Logging
import ServiceLifecycle
import Synchronization

/// Follows the configuration file: takes on what is good, whole or not at all, and says of what is not why it is not.
/// The last good one stays in force, and is kept for a restart.
final class ConfigurationReload: Service {
    private let source: ConfigurationSource
    private let current: CurrentConfiguration
    private let mounting: ConfigurationMounting
    private let kept: LastGoodConfiguration?
    private let report: ReloadReport
    private let pacing: Pacing
    private let logger: Logger
    /// The text that the gateway has started with or tried last; nil where it could not be read.
    private let tried: Mutex<String?>
    private let unkept = Mutex(Unkept())

    /// Seconds between two looks at the file.
    static let interval = 2.0

    /// - Parameter text: what the file held when the gateway started, good or not.
    init(
        _ source: ConfigurationSource, text: String?, current: CurrentConfiguration, mounting: ConfigurationMounting,
        kept: LastGoodConfiguration?, report: ReloadReport, pacing: Pacing, logger: Logger
    ) {
        self.source = source
        self.current = current
        self.mounting = mounting
        self.kept = kept
        self.report = report
        self.pacing = pacing
        self.logger = logger
        tried = Mutex(text)
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            // What the gateway runs with is what a restart may need; where the file is not it, it is kept already.
            if self.report.problem == nil, let text = self.tried.withLock({ $0 }) { await self.keep(text) }
            var seen = FileSignature(of: self.source.path)
            // A change between the reading at the start and this signature would be missed.
            if let text = try? self.source.text(), self.tried.withLock({ $0 != text }) { await self.look() }
            while (try? await self.pacing.sleep(Self.interval)) != nil {
                let now = FileSignature(of: self.source.path)
                if now != seen {
                    seen = now
                    await self.look()
                }
                if let text = self.unkept.withLock({ $0.text(at: self.pacing.monotonic()) }) { await self.keep(text) }
            }
        }
    }

    /// Takes the file on, where it holds something new.
    func look() async {
        let text: String
        do {
            text = try source.text()
        } catch {
            reject([error])
            tried.withLock { $0 = nil }
            return
        }
        guard tried.withLock({ $0?.isExactly(text) != true || report.problem != nil }) else { return }
        tried.withLock { $0 = text }
        let (configuration, problems) = source.load(text)
        guard let configuration else {
            reject(problems.filter { $0.severity == .error })
            return
        }
        let old = current.value
        let fixed = old.configuration.fixedDifferences(from: configuration)
        guard fixed.isEmpty else {
            report.tell(
                .needsRestart,
                problem: "the file has changed \(fixed.joined(separator: ", ")), which takes a restart of the gateway")
            logger.warning(
                "configuration needs a restart", metadata: ["changed": .array(fixed.map { "\($0)" })])
            return
        }
        for problem in problems { logger.warning("configuration", metadata: ["problem": "\(problem)"]) }
        let new = await mounting.mount(configuration, after: old)
        current.replace(with: new)
        report.tell(.applied, problem: nil)
        logger.notice(
            "configuration taken on",
            metadata: ["endpoints": .array(configuration.endpoints.map { "\($0.name)" })])
        await keep(text)
    }

    private func reject(_ problems: [ConfigurationProblem]) {
        for problem in problems {
            logger.error("configuration refused", metadata: ["problem": "\(problem.text(file: source.path))"])
        }
        report.tell(
            .rejected,
            problem: "the file is not good (\(problems.first.map { "\($0)" } ?? "no reason is known")); "
                + "the last good configuration is in force")
    }

    private func keep(_ text: String) async {
        do throws(KeyStoreError) {
            try await kept?.keep(text)
            unkept.withLock { $0 = Unkept() }
        } catch {
            let failures = unkept.withLock { unkept in
                unkept.failures += 1
                unkept.text = text
                unkept.next = pacing.monotonic() + pacing.backoff(failures: unkept.failures, retryAfter: nil)
                return unkept.failures
            }
            guard failures == 1 else { return }
            logger.warning(
                "the configuration could not be kept for a restart", metadata: ["reason": "\(error)"])
        }
    }

    /// What is still to be kept.
    private struct Unkept {
        var text: String?
        var failures = 0
        /// In monotonic seconds.
        var next = 0.0

        func text(at now: Double) -> String? { now >= next ? text : nil }
    }
}
