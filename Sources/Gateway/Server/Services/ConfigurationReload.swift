import FoundationEssentials
import GatewayCore
import JSON
import LocalFiles
import Logging
import ServiceLifecycle
import Synchronization

/// Reloads the configuration file when it changes. A valid configuration is put in force as a whole; an invalid one is
/// rejected with its problems, and the last valid one stays in force. The last valid one is stored for a restart.
final class ConfigurationReload: Service {
    private let source: ConfigurationSource
    private let current: CurrentConfiguration
    private let mounting: ConfigurationMounting
    private let store: (any DocumentStore<LastValidConfiguration>)?
    private let report: ReloadReport
    private let scheduler: Scheduler
    private let logger: Logger
    /// The text of the file that was loaded last; nil where it was not readable.
    private let lastText: Mutex<String?>
    /// The text that is not yet stored for a restart; nil where none is pending.
    private let unsaved = Mutex<String?>(nil)
    private let unsavedChanges = ChangeSignal()
    private let requests = ChangeSignal()
    private let isRequested = Mutex(false)

    /// Seconds between two checks of the file.
    static let interval = 2.0

    /// - Parameter text: the text of the file when the gateway started, valid or not.
    init(
        _ source: ConfigurationSource, text: String?, current: CurrentConfiguration, mounting: ConfigurationMounting,
        store: (any DocumentStore<LastValidConfiguration>)?, report: ReloadReport, scheduler: Scheduler, logger: Logger
    ) {
        self.source = source
        self.current = current
        self.mounting = mounting
        self.store = store
        self.report = report
        self.scheduler = scheduler
        self.logger = logger
        lastText = Mutex(text)
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            // A configuration that is not the one in the file comes from the store.
            if self.report.problem == nil, let text = self.lastText.withLock({ $0 }) { self.save(text) }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.saveAll() }
                var last = FileSignature(of: self.source.path)
                // For a change between the start and this signature.
                if let text = try? self.source.text(), self.lastText.withLock({ $0?.isExactly(text) != true }) {
                    await self.reload()
                }
                while await self.pause() {
                    let now = FileSignature(of: self.source.path)
                    // Also where the signature says nothing, as after a request.
                    if now != last || self.takeRequest() {
                        last = now
                        await self.reload()
                    }
                }
                group.cancelAll()
            }
        }
    }

    /// Reads the file soon, whether it has changed or not.
    func request() {
        isRequested.withLock { $0 = true }
        requests.send()
    }

    private func takeRequest() -> Bool {
        isRequested.withLock { isRequested in
            defer { isRequested = false }
            return isRequested
        }
    }

    /// Waits until the file is to be looked at.
    ///
    /// - Returns: false where the task is cancelled.
    private func pause() async -> Bool {
        // Before the look, so that no request is missed.
        let requests = requests.changes()
        if isRequested.withLock({ $0 }) { return !Task.isCancelled }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.scheduler.sleep(Self.interval) }
            group.addTask { for await _ in requests { break } }
            await group.next()
            group.cancelAll()
        }
        return !Task.isCancelled
    }

    /// Loads the file, and puts its configuration in force where it is new and valid.
    func reload() async {
        let text: String
        do {
            text = try source.text()
        } catch {
            reject([error])
            lastText.withLock { $0 = nil }
            return
        }
        guard lastText.withLock({ $0?.isExactly(text) != true || report.problem != nil }) else { return }
        lastText.withLock { $0 = text }
        let (configuration, problems) = source.load(text)
        guard let configuration else {
            reject(problems.filter { $0.severity == .error })
            return
        }
        let old = current.value
        let fixed = old.configuration.fixedDifferences(from: configuration)
        guard fixed.isEmpty else {
            report.record(
                .needsRestart,
                problem: "changes of \(fixed.joined(separator: ", ")) require a restart of the gateway")
            logger.warning(
                "configuration change requires a restart",
                metadata: ["code": "\(ErrorCode.configurationWarning)", "changed": .array(fixed.map { "\($0)" })])
            return
        }
        for problem in problems {
            logger.warning("configuration warning", metadata: ["code": "\(problem.code)", "problem": "\(problem)"])
        }
        // Nil where the service was cancelled.
        guard let built = try? await mounting.build(configuration, after: old) else { return }
        current.replace(with: mounting.commit(built, after: old))
        report.record(.applied, problem: nil)
        let before = Set(old.configuration.endpoints.map(\.name))
        let after = Set(configuration.endpoints.map(\.name))
        logger.notice(
            "configuration reloaded",
            metadata: [
                "endpoints": "\(after.count)", "added": .names(after.subtracting(before).sorted()),
                "removed": .names(before.subtracting(after).sorted()),
            ])
        save(text)
    }

    private func reject(_ problems: [ConfigurationProblem]) {
        for problem in problems {
            logger.error(
                "configuration rejected",
                metadata: ["code": "\(problem.code)", "problem": "\(problem.text(file: source.path))"])
        }
        report.record(
            .rejected,
            problem: "configuration file is invalid (\(problems.first.map { "\($0)" } ?? "unknown reason")); "
                + "the last valid configuration is in force")
    }

    private func save(_ text: String) {
        unsaved.withLock { $0 = text }
        unsavedChanges.send()
    }

    /// Stores pending configurations until the task is cancelled.
    private func saveAll() async {
        guard let store else { return }
        let log = FailureLog("configuration not saved for a restart", level: .warning, logger: logger)
        await RetryLoop<StoreError>(scheduler: scheduler, log: log).run {
            [unsavedChanges.changes()]
        } _: { () throws(StoreError) in
            guard let text = unsaved.withLock({ $0 }) else { return .at(nil) }
            let stored = try await store.load("")
            if stored?.value.text.isExactly(text) != true {
                do throws(StoreError) {
                    _ = try await store.save(LastValidConfiguration(text: text), replacing: stored?.version)
                } catch {
                    // After a conflict another replica has stored the text of the same file.
                    guard error == .conflict else { throw error }
                }
            }
            unsaved.withLock { if $0?.isExactly(text) == true { $0 = nil } }
            return .at(nil)
        }
    }
}
