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
    private let kept: (any DocumentStore<LastValidConfiguration>)?
    private let report: ReloadReport
    private let scheduler: Scheduler
    private let logger: Logger
    /// The text that the gateway has started with or tried last; nil where it could not be read.
    private let tried: Mutex<String?>
    /// What is still to be stored for a restart.
    private let unsaved = Mutex<String?>(nil)
    private let unsavedChanges = ChangeSignal()

    /// Seconds between two looks at the file.
    static let interval = 2.0

    /// - Parameter text: what the file held when the gateway started, good or not.
    init(
        _ source: ConfigurationSource, text: String?, current: CurrentConfiguration, mounting: ConfigurationMounting,
        kept: (any DocumentStore<LastValidConfiguration>)?, report: ReloadReport, scheduler: Scheduler, logger: Logger
    ) {
        self.source = source
        self.current = current
        self.mounting = mounting
        self.kept = kept
        self.report = report
        self.scheduler = scheduler
        self.logger = logger
        tried = Mutex(text)
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            // Where the configuration in force is not the file's, it is stored already.
            if self.report.problem == nil, let text = self.tried.withLock({ $0 }) { self.save(text) }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.saveAll() }
                var seen = FileSignature(of: self.source.path)
                // A change between the reading at the start and this signature would be missed.
                if let text = try? self.source.text(), self.tried.withLock({ $0?.isExactly(text) != true }) {
                    await self.look()
                }
                while (try? await self.scheduler.sleep(Self.interval)) != nil {
                    let now = FileSignature(of: self.source.path)
                    if now != seen {
                        seen = now
                        await self.look()
                    }
                }
                group.cancelAll()
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
        // Cancelled with the service.
        guard let built = try? await mounting.build(configuration, after: old) else { return }
        current.replace(with: mounting.commit(built, after: old))
        report.tell(.applied, problem: nil)
        logger.notice(
            "configuration taken on",
            metadata: ["endpoints": .array(configuration.endpoints.map { "\($0.name)" })])
        save(text)
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

    private func save(_ text: String) {
        unsaved.withLock { $0 = text }
        unsavedChanges.send()
    }

    /// Stores what is to be stored, until the task is cancelled.
    private func saveAll() async {
        guard let kept else { return }
        let log = FailureLog("configuration not stored for a restart", level: .warning, logger: logger)
        await RetryLoop<StoreError>(scheduler: scheduler, log: log).run {
            [unsavedChanges.changes()]
        } _: { () throws(StoreError) in
            guard let text = unsaved.withLock({ $0 }) else { return .at(nil) }
            let stored = try await kept.load("")
            if stored?.value.text.isExactly(text) != true {
                do throws(StoreError) {
                    _ = try await kept.save(LastValidConfiguration(text: text), replacing: stored?.version)
                } catch {
                    // After a conflict another replica has stored what it has read from the same file.
                    guard error == .conflict else { throw error }
                }
            }
            unsaved.withLock { if $0?.isExactly(text) == true { $0 = nil } }
            return .at(nil)
        }
    }
}
