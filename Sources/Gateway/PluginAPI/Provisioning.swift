/// The order of work of provisioning: plans or applies steps one after the other. It knows no relying party.
///
/// A step is inspected, its changes are made, and it is inspected again until nothing is left to do. So a request whose
/// response was lost is not sent twice, and a run after a failure or Ctrl-C makes only the changes that are missing.
public struct Provisioning: Sendable {
    /// What happens during ``apply()``, for the progress output.
    public enum Event: Sendable, Equatable {
        /// A step begins; its ID and title.
        case began(id: String, title: String)
        /// A change was made; its title.
        case changed(String)
        /// The relying party is not finished; the reason. Repeated at each poll.
        case waiting(String)
        /// A request failed; it is repeated after these seconds.
        case retrying(String, seconds: Int)
        /// The step is complete; what exists.
        case completed(id: String, String)
        /// What the operator must know.
        case note(String)
        /// A removal leaves a resource in place; the resource and the reason.
        case kept(String)
    }

    /// A step with its state, or why that cannot be read.
    public struct PlannedStep: Sendable {
        /// The step's ID.
        public let id: String
        /// The step's title.
        public let title: String
        /// The state, or why it cannot be read.
        public let finding: Result<ProvisioningFinding, ProvisioningError>
    }

    private let steps: [any ProvisioningStep]
    private let only: String?
    private let sleep: @Sendable (Int) async throws -> Void
    private let report: @Sendable (Event) -> Void

    /// Creates the order of work.
    ///
    /// - Parameters:
    ///   - steps: in the order in which they depend on each other.
    ///   - only: the ID of the step that is applied; nil for all. Earlier steps are inspected only.
    ///   - sleep: waits for these seconds; throws where the run is cancelled.
    ///   - report: called with each event.
    public init(
        steps: [any ProvisioningStep], only: String? = nil, sleep: @escaping @Sendable (Int) async throws -> Void,
        report: @escaping @Sendable (Event) -> Void
    ) {
        self.steps = steps
        self.only = only
        self.sleep = sleep
        self.report = report
    }

    /// Inspects all steps; changes nothing.
    public func plan() async -> [PlannedStep] {
        var planned: [PlannedStep] = []
        for step in steps {
            let finding: Result<ProvisioningFinding, ProvisioningError>
            do throws(ProvisioningError) {
                finding = .success(try await step.inspect())
            } catch {
                finding = .failure(error)
            }
            if only == nil || step.id == only {
                planned.append(PlannedStep(id: step.id, title: step.title, finding: finding))
            }
            if step.id == only { break }
        }
        return planned
    }

    /// Makes the changes of all steps.
    ///
    /// - Returns: how many changes were made.
    /// - Throws: the error of the first step that fails; later steps are not begun. The message begins with the step's ID.
    @discardableResult
    public func apply() async throws(ProvisioningError) -> Int {
        var changes = 0
        for step in steps {
            do throws(ProvisioningError) {
                if let only, step.id != only {
                    guard try await step.inspect().changes.isEmpty else {
                        throw ProvisioningError(.permanent, "not complete; run the command without --only \(only)")
                    }
                    continue
                }
                report(.began(id: step.id, title: step.title))
                changes += try await apply(step)
            } catch {
                throw ProvisioningError(error.kind, "\(step.id): \(error)", retryAfter: error.retryAfter)
            }
            if step.id == only { break }
        }
        return changes
    }

    private func apply(_ step: any ProvisioningStep) async throws(ProvisioningError) -> Int {
        var (failures, rounds, polls, changes) = (0, 0, 0, 0)
        while true {
            do throws(ProvisioningError) {
                let finding = try await step.inspect()
                if finding.changes.isEmpty {
                    guard let reason = finding.waiting else {
                        for note in finding.notes { report(.note(note)) }
                        for kept in finding.kept { report(.kept(kept)) }
                        report(.completed(id: step.id, finding.existing ?? ""))
                        return changes
                    }
                    polls += 1
                    guard polls <= Self.maximumPolls else {
                        throw ProvisioningError(.permanent, "\(reason); run the command again to continue to wait")
                    }
                    report(.waiting(reason))
                    try await wait(Self.pollInterval)
                    continue
                }
                guard rounds < Self.maximumRounds else {
                    throw ProvisioningError(
                        .permanent,
                        "\(finding.changes[0].title): still necessary after \(Self.maximumRounds) attempts; somebody else "
                            + "may change the same resource")
                }
                // A change that is not visible yet is not missing.
                if rounds > 0 { try await wait(rounds + 1) }
                for change in finding.changes {
                    try await change.apply()
                    changes += 1
                    report(.changed(change.title))
                }
                rounds += 1
            } catch {
                failures += 1
                guard error.kind == .transient, failures < Self.maximumFailures else { throw error }
                let seconds = min(max(error.retryAfter ?? 1 << min(failures, 5), 1), Self.maximumPause)
                report(.retrying(error.message, seconds: seconds))
                try await wait(seconds)
            }
        }
    }

    private func wait(_ seconds: Int) async throws(ProvisioningError) {
        do {
            try await sleep(seconds)
        } catch {
            throw ProvisioningError(.permanent, "cancelled; run the command again to continue")
        }
    }

    /// Failures of one step until it is given up; with the pauses between them about two minutes.
    static let maximumFailures = 8
    /// Seconds.
    static let maximumPause = 30
    /// How often the changes of a step are repeated.
    static let maximumRounds = 6
    /// Seconds.
    static let pollInterval = 10
    /// 30 minutes.
    static let maximumPolls = 180
}
