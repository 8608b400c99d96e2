/// What one look has found, in bounded memory: a number for each endpoint and reason, and the owners that were told.
package struct UninjectedPodTally: Sendable {
    /// Owners of which one look tells.
    package static let maximumNews = 20
    /// Owners that are remembered as told; beyond these there are numbers only.
    static let maximumOwners = 4096

    package typealias Counts = [String: [UninjectedPod.Reason: Int]]

    /// Zeros included.
    package private(set) var counts: Counts
    /// The first Pod of each owner that no look before has told.
    package private(set) var news: [UninjectedPod] = []
    /// Pods of owners that are not told yet, and not in ``news`` either.
    package private(set) var untold = 0
    private let former: Set<UninjectedPod.Owner>
    private var owners: Set<UninjectedPod.Owner> = []

    /// - Parameter last: the look before; an owner that it did not find is told again.
    package init(endpoints: [String], after last: UninjectedPodTally? = nil) {
        let zeros = Dictionary(uniqueKeysWithValues: UninjectedPod.Reason.allCases.map { ($0, 0) })
        counts = Dictionary(endpoints.map { ($0, zeros) }, uniquingKeysWith: { first, _ in first })
        former = last?.owners ?? []
    }

    package mutating func add(_ pod: UninjectedPod) {
        counts[pod.owner.endpoint]?[pod.owner.reason, default: 0] += 1
        guard !owners.contains(pod.owner) else { return }
        let isTold = former.contains(pod.owner)
        guard owners.count < Self.maximumOwners, isTold || news.count < Self.maximumNews else {
            untold += 1
            return
        }
        owners.insert(pod.owner)
        if !isTold { news.append(pod) }
    }
}
