package import FoundationEssentials
package import GatewayPluginAPI
package import JOSE

/// The hand-over of one endpoint's keys to its relying party, step by step: read what is stored, replace it where it is not
/// the ring's key set, read it again, and once more a lease period later. Only the second reading confirms: until then a
/// former leader that was suspended before its write may replace the keys.
///
/// A set that is stored and unchanged is not written again, since a write can have side effects, with one exception: where
/// a trial is still rejected after the time that the verifiers need, the set is written once more.
package struct EndpointKeyHandOver: EndpointPublishing {
    /// What a hand-over needs of the gateway.
    package struct Ports: Sendable {
        /// Renews the lease right before a write; whether this process leads, and these keys are still those of the ring.
        let renewLease: @Sendable (IssuerDocuments) async -> Bool
        /// Issues a token of that key for one trial exchange.
        let trialToken: @Sendable (KeyID) async throws(PublishError) -> String
        /// Whether this process leads, and the store contains the ring of these documents. Other keys are replaced then
        /// after a revocation.
        let mayOverwrite: @Sendable (IssuerDocuments) -> Bool
        let now: @Sendable () -> Date
        /// From 0 to 1, for backoff.
        let random: @Sendable () -> Double

        package init(
            renewLease: @escaping @Sendable (IssuerDocuments) async -> Bool,
            trialToken: @escaping @Sendable (KeyID) async throws(PublishError) -> String,
            mayOverwrite: @escaping @Sendable (IssuerDocuments) -> Bool = { _ in false },
            now: @escaping @Sendable () -> Date, random: @escaping @Sendable () -> Double
        ) {
            self.renewLease = renewLease
            self.trialToken = trialToken
            self.mayOverwrite = mayOverwrite
            self.now = now
            self.random = random
        }
    }

    /// Seconds after which a former leader that was suspended has lost its lease.
    package static let leasePeriod = 15.0
    /// Seconds between two readings while a session of a revoked key may be valid.
    private static let watchInterval = 30.0
    /// Seconds after which a rejected key, or foreign keys, are looked at again.
    private static let retryInterval = 60.0

    private let recipient: any KeyRecipient
    private let confirmation: KeyHandOver.Confirmation
    /// Seconds between two readings without failures.
    private let interval: Double
    private let leasePeriod: Double
    /// Seconds from the first rejected trial to the second write of an unchanged set.
    private let repetition: Double
    private let takeOver: Bool
    private let isDryRun: Bool
    private let ports: Ports

    private var lastDocuments: IssuerDocuments?
    private var failures = 0
    private var due = Date.distantPast
    private var lastStep = Date.distantPast
    /// Since when every reading has returned the keys of the ring; nil where the last one did not.
    private var heldSince: Date?
    /// Since when trials of the stored keys are rejected; nil where the last one was accepted.
    private var rejectedSince: Date?
    /// Whether these keys were written again after rejected trials.
    private var isRepeated = false
    /// Whether this ring has handed over its keys last.
    private var isHandedOver = false
    package private(set) var status: PublicationStatus

    /// - Parameters:
    ///   - interval: seconds between two readings.
    ///   - leasePeriod: seconds from a write, or the first reading, to the reading that confirms.
    ///   - repetition: seconds of rejected trials until an unchanged set is written once more.
    ///   - takeOver: whether foreign keys may be replaced.
    ///   - isDryRun: whether nothing is written.
    package init(
        _ recipient: any KeyRecipient, confirmation: KeyHandOver.Confirmation, interval: Int,
        leasePeriod: Double = EndpointKeyHandOver.leasePeriod, repetition: Int, takeOver: Bool = false,
        isDryRun: Bool = false, ports: Ports
    ) {
        self.recipient = recipient
        self.confirmation = confirmation
        self.interval = Double(interval)
        self.leasePeriod = leasePeriod
        self.repetition = Double(repetition)
        self.takeOver = takeOver
        self.isDryRun = isDryRun
        self.ports = ports
        status = PublicationStatus(location: recipient.location)
    }

    package mutating func step(_ documents: IssuerDocuments) async -> EndpointPublication.Report {
        let time = ports.now()
        // Where the clock was set back, everything is due.
        if time.timeIntervalSince(lastStep) < -ClockReading.tolerance {
            (due, heldSince, rejectedSince) = (.distantPast, nil, nil)
            (status.lastProbe, status.evidence) = (nil, nil)
        }
        lastStep = time
        if documents != lastDocuments {
            if documents.keys.stamp.digest != lastDocuments?.keys.stamp.digest {
                (heldSince, rejectedSince, isRepeated) = (nil, nil, false)
            }
            lastDocuments = documents
            (failures, due) = (0, .distantPast)
        }
        if let reading = documents.readingDue, status.lastProbe.map({ $0 < reading }) ?? true {
            due = min(due, max(reading, time))
        }
        guard time >= due else { return EndpointPublication.Report(status: status, next: due) }
        // A restarted process knows it from the ring.
        if documents.location == recipient.location { isHandedOver = true }
        let result: PublicationRound.Result
        do throws(PublishError) {
            result = try await round(documents)
        } catch {
            fail("\(error)", retryAfter: error.retryAfter, reference: error.reference)
            result = .failed(error)
        }
        if case .rejected(let conflict) = result { fail("\(conflict)", retryAfter: Int(Self.retryInterval)) }
        return EndpointPublication.Report(
            outcomes: [PublicationRound.Outcome(document: documents.keys, result: result)], status: status, next: due)
    }

    private mutating func round(_ documents: IssuerDocuments) async throws(PublishError) -> PublicationRound.Result {
        let began = ports.now()
        let stored = try await recipient.stored()
        status.lastProbe = began
        // While a session of a revoked key may be valid, whoever has the key can replace the keys.
        let isWatched = documents.sessionsOfRevokedKeysEnd.map { began < $0 } ?? false
        let conflict = stored.flatMap { Self.conflict($0, documents) }
        let isOverwritten = conflict != nil && isWatched && isHandedOver && ports.mayOverwrite(documents)
        if let conflict, !takeOver, !isOverwritten {
            lost(stored, documents, at: began)
            return .rejected(conflict)
        }
        let isHeld = conflict == nil && (stored.map { Self.isHeld($0, documents) } ?? false)
        let repeats = isHeld && !isRepeated && rejectedSince.map { began >= $0.addingTimeInterval(repetition) } ?? false
        if isHeld, !repeats || isDryRun {
            try await confirm(documents, at: began, isWatched: isWatched)
            return .unchanged
        }
        if !isHeld { lost(stored, documents, at: began) }
        if isDryRun {
            due = began.addingTimeInterval(interval)
            return .stale
        }
        guard await ports.renewLease(documents) else {
            throw PublishError(
                .unavailable,
                "this replica does not lead any more, or the key ring has changed; the leader hands over the keys")
        }
        try await recipient.replace(stored, with: documents.keySet)
        let written = ports.now()
        let back = try await recipient.stored()
        if let back, let conflict = Self.conflict(back, documents) { return .rejected(conflict) }
        guard let back, Self.isHeld(back, documents) else {
            throw PublishError(.malformed, "the relying party accepted the keys, but stores others")
        }
        (heldSince, isHandedOver, failures) = (written, true, 0)
        if repeats { (isRepeated, rejectedSince) = (true, nil) }
        (status.failure, status.failureReference) = (nil, nil)
        status.handedOver = documents.keyIDs
        due = written.addingTimeInterval(leasePeriod)
        return isOverwritten ? conflict.map { .overwritten($0) } ?? .written : .written
    }

    /// The stored keys are those of the ring.
    private mutating func confirm(
        _ documents: IssuerDocuments, at began: Date, isWatched: Bool
    ) async throws(PublishError) {
        let since = heldSince ?? began
        heldSince = since
        status.handedOver = documents.keyIDs
        guard began >= since.addingTimeInterval(leasePeriod) else {
            due = since.addingTimeInterval(leasePeriod)
            status.evidence = evidence(documents.keyIDs, documents, at: began, isSettled: false)
            return
        }
        var served = documents.keyIDs
        var verdict = ProbeVerdict.holds
        if confirmation == .trial, let key = documents.successor,
            !key.isPublished || documents.readingDue.map({ $0 <= began }) ?? false,
            try await !recipient.accepts(try await ports.trialToken(key.keyID))
        {
            served.remove(key.keyID)
            verdict = .rejects(key.keyID)
        }
        rejectedSince = verdict == .holds ? nil : rejectedSince ?? began
        (failures, isHandedOver) = (0, true)
        (status.failure, status.failureReference) = (nil, nil)
        status.lastSuccess = ports.now()
        status.lastOwner = documents.keys.stamp.owner
        status.verdict = verdict
        status.evidence = evidence(served, documents, at: began, isSettled: true)
        let random = ports.random
        let spread = EndpointPublication.spread(interval, random: random())
        let pause = verdict == .holds ? isWatched ? Self.watchInterval : spread : Self.retryInterval
        due = began.addingTimeInterval(min(interval, pause))
    }

    /// The stored keys are not those of the ring.
    private mutating func lost(_ stored: StoredKeySet?, _ documents: IssuerDocuments, at began: Date) {
        (heldSince, rejectedSince) = (nil, nil)
        let found = Set(stored?.keys.keys.map(\.parameters.thumbprint) ?? [])
        let served = documents.keyIDs.intersection(found)
        status.evidence = evidence(served, documents, at: began, isSettled: false)
        status.verdict = .holdsOthers(lacking: documents.keySet.keys.map(\.keyID).filter { !served.contains($0) })
    }

    private func evidence(
        _ served: Set<KeyID>, _ documents: IssuerDocuments, at time: Date, isSettled: Bool
    ) -> PublicEvidence {
        PublicEvidence(read: time, served: served, expected: documents.keyIDs, isSettled: isSettled)
    }

    private mutating func fail(_ reason: String, retryAfter: Int?, reference: String? = nil) {
        failures += 1
        status.failure = reason
        status.failureReference = reference
        let random = ports.random
        due = ports.now().addingTimeInterval(
            Backoff.publication.delay(failures: failures, retryAfter: retryAfter, random: random()))
    }

    private static func isHeld(_ stored: StoredKeySet, _ documents: IssuerDocuments) -> Bool {
        stored.isComplete && Set(stored.keys.keys.map(\.parameters.thumbprint)) == documents.keyIDs
    }

    /// What is stored and belongs to somebody else; nil for nothing.
    private static func conflict(_ stored: StoredKeySet, _ documents: IssuerDocuments) -> PublicationConflict? {
        let keys = stored.keys.keys.map(\.parameters.thumbprint).filter { !documents.knownKeyIDs.contains($0) }
        let found = stored.foreign + keys.prefix(maximumNamedKeys).map { "the key \($0)" }
        return found.isEmpty ? nil : .foreignKeys(found)
    }

    /// The maximum number of foreign keys in a message.
    private static let maximumNamedKeys = 5
}
