/// A part of provisioning, such as one resource: it reads the state of the relying party, and returns the changes that
/// lead to the wanted state. It is read again after its changes, so that an interrupted run continues where it ended.
public protocol ProvisioningStep: Sendable {
    /// The value of `--only`, such as `documents`.
    var id: String { get }
    /// What the step provides, in lower case, such as `documents of the issuer`.
    var title: String { get }

    /// Reads the current state; changes nothing. The wanted state may depend on what earlier steps have found or created.
    ///
    /// - Throws: ``ProvisioningError`` where the state cannot be read, or where it belongs to somebody else.
    func inspect() async throws(ProvisioningError) -> ProvisioningFinding
}

/// The state of a step: what exists, and what is missing.
public struct ProvisioningFinding: Sendable {
    /// What exists, human-readable; nil for nothing.
    public let existing: String?
    /// The changes in the order in which they are made; empty where the state is the wanted one.
    public let changes: [ProvisioningChange]
    /// What is not finished at the relying party, such as a deployment; nil for nothing. It is waited for.
    public let waiting: String?
    /// What the operator must know, such as a limit of the relying party.
    public let notes: [String]
    /// What a removal leaves in place, each with its reason; empty for a step that provisions.
    public let kept: [String]

    /// Creates a finding.
    public init(
        existing: String?, changes: [ProvisioningChange] = [], waiting: String? = nil, notes: [String] = [],
        kept: [String] = []
    ) {
        self.existing = existing
        self.changes = changes
        self.waiting = waiting
        self.notes = notes
        self.kept = kept
    }
}

/// One request that changes the relying party.
public struct ProvisioningChange: Sendable {
    /// What it does, in the imperative, such as `create the bucket "documents"`.
    public let title: String
    /// How the current state differs: lines that begin with `-` (current) or `+` (wanted), or with two spaces.
    public let differences: [String]
    /// The request as it is sent, without credentials. In a plan, a value that is not known yet is `${step.value}`.
    public let request: String
    /// Sends the request.
    public let apply: @Sendable () async throws(ProvisioningError) -> Void

    /// Creates a change.
    public init(
        _ title: String, differences: [String] = [], request: String,
        apply: @escaping @Sendable () async throws(ProvisioningError) -> Void
    ) {
        self.title = title
        self.differences = differences
        self.request = request
        self.apply = apply
    }

    /// Compares two texts by line, as `diff` does, with all equal lines.
    public static func differences(from current: String, to wanted: String) -> [String] {
        let old = current.split(separator: "\n", omittingEmptySubsequences: false)
        let new = wanted.split(separator: "\n", omittingEmptySubsequences: false)
        let difference = new.difference(from: old)
        let removed = Set(difference.removals.map(Self.offset)), inserted = Set(difference.insertions.map(Self.offset))
        var lines: [String] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if left < old.count, removed.contains(left) {
                lines.append("- \(old[left])")
                left += 1
            } else if right < new.count, inserted.contains(right) {
                lines.append("+ \(new[right])")
                right += 1
            } else {
                lines.append("  \(right < new.count ? new[right] : "")")
                (left, right) = (left + 1, right + 1)
            }
        }
        return lines
    }

    private static func offset(_ change: CollectionDifference<Substring>.Change) -> Int {
        switch change {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
