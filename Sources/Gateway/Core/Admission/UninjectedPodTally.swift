/// The result of one search, in bounded memory: a count for each endpoint and reason, and the reported owners.
package struct UninjectedPodTally: Sendable {
    /// The maximum number of owners that one search reports.
    package static let maximumReports = 20
    /// The maximum number of owners that are stored as reported; others are only counted.
    static let maximumOwners = 4096

    /// The number of Pods by endpoint and reason.
    package typealias Counts = [String: [UninjectedPod.Reason: Int]]

    /// The counts, including zeros.
    package private(set) var counts: Counts
    /// The first Pod of each owner that was not reported before.
    package private(set) var reports: [UninjectedPod] = []
    /// The number of Pods of owners that were not reported before and are not in ``reports``.
    package private(set) var unreported = 0
    private let former: Set<UninjectedPod.Owner>
    private var owners: Set<UninjectedPod.Owner> = []

    /// - Parameter last: the previous search; an owner that it did not find is reported again.
    package init(endpoints: [String], after last: UninjectedPodTally? = nil) {
        let zeros = Dictionary(uniqueKeysWithValues: UninjectedPod.Reason.allCases.map { ($0, 0) })
        counts = Dictionary(endpoints.map { ($0, zeros) }, uniquingKeysWith: { first, _ in first })
        former = last?.owners ?? []
    }

    /// Counts a Pod.
    package mutating func add(_ pod: UninjectedPod) {
        counts[pod.owner.endpoint]?[pod.owner.reason, default: 0] += 1
        guard !owners.contains(pod.owner) else { return }
        let isReported = former.contains(pod.owner)
        guard owners.count < Self.maximumOwners, isReported || reports.count < Self.maximumReports else {
            unreported += 1
            return
        }
        owners.insert(pod.owner)
        if !isReported { reports.append(pod) }
    }
}
