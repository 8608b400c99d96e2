/// Counts of outcomes in each minute of the last hour. Its size does not depend on the number of calls.
package struct OutcomeCounts<Outcome: CaseIterable & RawRepresentable<String> & Hashable & Sendable>: Sendable {
    /// Minutes that are kept.
    package static var minutes: Int { 60 }

    /// A row for each minute, with a column for each outcome; empty before the first count.
    private var counts: [UInt32] = []
    private let outcomes: [Outcome]
    /// The minute of the last count.
    private var last: Int

    /// - Parameter minute: the current one, since an arbitrary time.
    package init(at minute: Int) {
        outcomes = Array(Outcome.allCases)
        last = minute
    }

    /// - Parameter column: of the outcome in `allCases`.
    package mutating func count(column: Int, at minute: Int) {
        if counts.isEmpty { counts = Array(repeating: 0, count: Self.minutes * outcomes.count) }
        advance(to: minute)
        let index = row(last) * outcomes.count + column
        if counts[index] < .max { counts[index] += 1 }
    }

    /// The outcomes in their order.
    package mutating func series(at minute: Int) -> [OutcomeSeries] {
        advance(to: minute)
        return outcomes.indices.map { column in
            OutcomeSeries(
                outcome: outcomes[column].rawValue,
                minutes: (0..<Self.minutes).map { back in
                    counts.isEmpty
                        ? 0 : Int(counts[row(last - Self.minutes + 1 + back) * outcomes.count + column])
                })
        }
    }

    /// Clears the minutes since the last count. A clock that goes back counts as the same minute.
    private mutating func advance(to minute: Int) {
        guard minute > last else { return }
        for passed in (max(last, minute - Self.minutes) + 1)...minute where !counts.isEmpty {
            let start = row(passed) * outcomes.count
            for index in start..<start + outcomes.count { counts[index] = 0 }
        }
        last = minute
    }

    private func row(_ minute: Int) -> Int { ((minute % Self.minutes) + Self.minutes) % Self.minutes }
}
