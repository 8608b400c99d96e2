package import FoundationEssentials

/// What to do about times of a document that are in the future, because a clock was ahead when they were written.
package enum TimeStep<Value: Sendable>: Sendable {
    /// No time is in the future, and this replica's clock is not known to be wrong.
    case none
    /// The document is replaced by this one, with a new revision.
    ///
    /// - Parameter times: the times in the future, for the log.
    case repair(Value, times: [String])
    /// Nothing is written: it is not known whether this replica's clock is right.
    case report(String)
    /// Nothing is written, whatever is due: this replica's clock is wrong.
    case standStill(String)
}

extension KeyRing {
    /// What to do about times in the future.
    ///
    /// - Parameter clock: this replica's clock, compared with the deciding one; nil where that is not known.
    package func timeStep(at now: Date, clock: ClockReading?) -> TimeStep<KeyRing> {
        if let problem = clock?.problem { return .standStill(problem) }
        let times = futureTimes(at: now)
        guard let first = times.first else { return .none }
        guard clock != nil else {
            return .report(
                "\(first) is in the future, and this replica's clock could not be compared; \(ClockReading.remedy)")
        }
        return .repair(repairingTimes(at: now), times: times)
    }

    /// The times that are more than the tolerance in the future, for log and readiness.
    package func futureTimes(at now: Date) -> [String] {
        keys.flatMap { key in
            [
                ("created", key.created), ("published", key.published), ("activated", key.activated),
                ("retired", key.retired),
            ]
            .filter { Self.isFuture($0.1, at: now) }.map { "\($0.0) of key \(key.keyID)" }
        } + revoked.filter { Self.isFuture($0.revoked, at: now) }.map { "revoked of key \($0.kid)" }
    }

    /// A key that was published in the future is prepared again, since it is not known when it was published; its wait
    /// begins again. All other times are set to now: no wait is shorter than from the real moment, which was before.
    private func repairingTimes(at now: Date) -> KeyRing {
        changed { ring in
            let time = now.wholeSecond
            for index in ring.keys.indices {
                if Self.isFuture(ring.keys[index].created, at: now) { ring.keys[index].created = time }
                if Self.isFuture(ring.keys[index].activated, at: now) { ring.keys[index].activated = time }
                if Self.isFuture(ring.keys[index].retired, at: now) { ring.keys[index].retired = time }
                guard Self.isFuture(ring.keys[index].published, at: now) else { continue }
                if ring.keys[index].state == .published { ring.keys[index].state = .prepared }
                ring.keys[index].isApproved = false
                ring.keys[index].published = ring.keys[index].state == .prepared ? nil : time
            }
            ring.revoked = ring.revoked.map { key in
                Self.isFuture(key.revoked, at: now) ? RevokedKey(kid: key.kid, revoked: time) : key
            }
        }
    }

    private static func isFuture(_ time: Date?, at now: Date) -> Bool {
        time.map { $0.timeIntervalSince(now) > ClockReading.tolerance } ?? false
    }
}
