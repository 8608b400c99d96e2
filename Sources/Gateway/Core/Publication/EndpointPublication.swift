package import FoundationEssentials
package import GatewayPluginAPI

/// The publication of one endpoint, step by step, in one of two ways: its documents are published, or its keys are handed
/// over to the relying party.
package protocol EndpointPublishing: Sendable {
    /// Does everything that is due.
    mutating func step(_ documents: IssuerDocuments) async -> EndpointPublication.Report
}

/// The publication of one endpoint, step by step: write the documents, invalidate the CDN, read the public URL. It never
/// waits: each step returns when the next one is due.
package struct EndpointPublication: EndpointPublishing {
    /// The result of a step.
    package struct Report: Sendable {
        /// The outcomes of the publication round; empty where the step had none.
        package var outcomes: [PublicationRound.Outcome] = []
        package var status: PublicationStatus
        /// When the next step is due, unless the documents change earlier.
        package var next: Date
    }

    private let publisher: (any DiscoveryPublisher)?
    private let reader: (any IssuerReading)?
    /// Seconds between rounds, and between readings, without failures.
    private let interval: Double
    private let takeOver: Bool
    private let isDryRun: Bool
    private let now: @Sendable () -> Date
    private let random: @Sendable () -> Double

    private let round = PublicationRound()
    private var lastDocuments: IssuerDocuments?
    private var failures = 0
    private var roundDue = Date.distantPast
    private var probeDue = Date.distantPast
    private var invalidations: [CDNInvalidation] = []
    /// The digests of documents whose invalidation is complete; nil before the first documents.
    private var invalidated: [IssuerDocumentKind: String]?
    private var repairDue = Date.distantPast
    /// Whether this ring has published last at the location.
    private var isPublished = false
    private let mayOverwrite: @Sendable (IssuerDocuments) -> Bool
    private var lastStep = Date.distantPast
    package private(set) var status: PublicationStatus

    /// - Parameters:
    ///   - publisher: nil where an operator uploads the documents; then the public URL is only read.
    ///   - reader: nil where probing is disabled.
    ///   - interval: seconds between rounds and between readings.
    ///   - takeOver: whether documents of another key ring may be overwritten.
    ///   - isDryRun: whether nothing is written.
    ///   - mayOverwrite: whether this process leads, and the store contains the ring of these documents. Documents with
    ///     other keys are overwritten then after a revocation.
    ///   - random: from 0 to 1, for backoff.
    package init(
        publisher: (any DiscoveryPublisher)?, reader: (any IssuerReading)?, interval: Int, takeOver: Bool = false,
        isDryRun: Bool = false, mayOverwrite: @escaping @Sendable (IssuerDocuments) -> Bool = { _ in false },
        now: @escaping @Sendable () -> Date, random: @escaping @Sendable () -> Double
    ) {
        self.publisher = publisher
        self.reader = reader
        self.interval = Double(interval)
        self.takeOver = takeOver
        self.isDryRun = isDryRun
        self.mayOverwrite = mayOverwrite
        self.now = now
        self.random = random
        status = PublicationStatus(location: publisher?.location)
    }

    /// Does everything that is due.
    package mutating func step(_ documents: IssuerDocuments) async -> Report {
        noticeClock()
        var report = Report(status: status, next: .distantFuture)
        if documents != lastDocuments {
            lastDocuments = documents
            (failures, roundDue, probeDue) = (0, .distantPast, .distantPast)
        }
        if invalidated == nil {
            invalidated = [:]
            for document in documents.all { invalidated?[document.kind] = documents.invalidated?[document.kind] }
        }
        advanceProbe(to: documents.readingDue)
        if let publisher, now() >= roundDue { report.outcomes = await publish(documents, through: publisher) }
        if let edge = publisher?.edgeCache {
            await invalidate(documents, at: edge)
            let isComplete = documents.all.allSatisfy { invalidated?[$0.kind] == $0.stamp.digest }
            status.invalidated = isComplete ? .init(documents) : nil
        }
        if now() >= probeDue { await probe(documents) }
        advanceProbe(to: documents.readingDue)
        report.status = status
        if publisher != nil { report.next = min(report.next, roundDue) }
        if let first = invalidations.first { report.next = min(report.next, first.due) }
        report.next = min(report.next, probeDue)
        return report
    }

    /// Where the clock was set back, everything is due: its times would be in the future for as long as the clock was ahead.
    private mutating func noticeClock() {
        let time = now()
        defer { lastStep = time }
        guard time.timeIntervalSince(lastStep) < -ClockReading.tolerance else { return }
        (roundDue, probeDue, repairDue) = (.distantPast, .distantPast, .distantPast)
        for index in invalidations.indices { invalidations[index].due = .distantPast }
        status.lastProbe = nil
        status.evidence = nil
    }

    /// Makes the next reading due at that time, unless there was one since: the one before a new key signs.
    private mutating func advanceProbe(to time: Date?) {
        if let time, status.lastProbe.map({ $0 < time }) ?? true { probeDue = min(probeDue, time) }
    }

    private mutating func publish(
        _ documents: IssuerDocuments, through publisher: any DiscoveryPublisher
    ) async -> [PublicationRound.Outcome] {
        // A restarted process knows it from the ring.
        if let location = documents.location, location == publisher.location { isPublished = true }
        let isWatched = documents.sessionsOfRevokedKeysEnd.map { now() < $0 } ?? false
        let outcomes = await round.run(
            documents, through: publisher, takeOver: takeOver,
            overwriteForeignKeys: isWatched && isPublished && mayOverwrite(documents), isDryRun: isDryRun)
        let written = outcomes.filter { $0.result.kind == .written }.map(\.document.kind)
        let pendingDue = invalidations.last.flatMap { $0.id == nil ? $0.due : nil }
        // Also what an earlier leader has written, whose invalidation is not known to be complete.
        let pending = outcomes.filter { outcome in
            let document = outcome.document
            return outcome.result.kind == .written
                || outcome.result == .unchanged && invalidated?[document.kind] != document.stamp.digest
                    && !invalidations.contains {
                        $0.digests[document.kind] == document.stamp.digest
                            && $0.documents.contains(document.kind)
                    }
        }.map(\.document.kind)
        if publisher.edgeCache != nil, !isDryRun, !pending.isEmpty { addInvalidation(of: pending, in: documents) }
        if let index = invalidations.indices.last, outcomes.contains(where: \.isOverwritten) {
            // A writer that repeats itself does not use up the invalidations.
            let earliest = lastOverwriteInvalidation?.addingTimeInterval(Self.overwriteInvalidationInterval)
            invalidations[index].due = pendingDue ?? max(now(), earliest ?? .distantPast)
            lastOverwriteInvalidation = invalidations[index].due
        }
        // Written documents are visible soon.
        if !written.isEmpty { probeDue = .distantPast }
        switch outcomes.last?.result {
        case .rejected(let conflict): fail("\(conflict)", code: conflict.code, retryAfter: 60)
        case .failed(let error):
            fail("\(error)", code: error.code, retryAfter: error.retryAfter, reference: error.reference)
        case .none, .unchanged, .written, .overwritten, .stale:
            isPublished = true
            failures = 0
            status.failure = nil
            status.failureCode = nil
            status.lastSuccess = now()
            status.lastOwner = documents.keys.stamp.owner
            roundDue = now().addingTimeInterval(
                isWatched ? min(interval, Self.watchInterval) : Self.spread(interval, random: random()))
        }
        return outcomes
    }

    /// The interval, up to a fifth shorter, so that endpoints which began together do not stay together.
    static func spread(_ interval: Double, random: Double) -> Double { interval * (0.8 + 0.2 * random) }

    /// When the last invalidation of overwritten documents was due.
    private var lastOverwriteInvalidation: Date?
    /// Seconds between two readings of the stored documents while a session of a revoked key may be valid.
    private static let watchInterval = 5.0
    /// Seconds from one invalidation of overwritten documents to the next.
    private static let overwriteInvalidationInterval = 60.0

    private mutating func fail(
        _ reason: String, code: ErrorCode, retryAfter: Int?, reference: String? = nil
    ) {
        failures += 1
        status.failure = reason
        status.failureCode = code
        status.failureReference = reference
        roundDue = now().addingTimeInterval(
            Backoff.publication.delay(failures: failures, retryAfter: retryAfter, random: random()))
    }

    /// Adds an invalidation. It is merged with those that the CDN has not accepted yet, so that a long outage causes one
    /// invalidation.
    private mutating func addInvalidation(of documents: [IssuerDocumentKind], in state: IssuerDocuments) {
        let waiting = invalidations.filter { $0.id == nil }.flatMap(\.documents)
        invalidations.removeAll { $0.id == nil }
        for kind in documents { invalidated?[kind] = nil }
        let all = state.all.map(\.kind).filter { documents.contains($0) || waiting.contains($0) }
        invalidations.append(CDNInvalidation(all, of: state, at: now()))
        repairDue = now().addingTimeInterval(Self.repairInterval)
        status.invalidatingSince = invalidations.first?.since
    }

    private mutating func invalidate(_ documents: IssuerDocuments, at edge: any EdgeCacheInvalidating) async {
        while var invalidation = invalidations.first, now() >= invalidation.due {
            do throws(PublishError) {
                if let id = invalidation.id {
                    if try await edge.isComplete(id) {
                        invalidations.removeFirst()
                        for kind in invalidation.documents
                        where !invalidations.contains(where: { $0.documents.contains(kind) }) {
                            invalidated?[kind] = invalidation.digests[kind]
                        }
                        status.invalidationFailure = nil
                        status.invalidationFailureCode = nil
                        status.lastInvalidation = now()
                        status.invalidatingSince = invalidations.first?.since
                        probeDue = .distantPast
                        continue
                    }
                } else {
                    invalidation.id = try await edge.invalidate(
                        invalidation.documents, reference: invalidation.reference)
                }
                invalidation.failures = 0
                status.invalidationFailure = nil
                status.invalidationFailureCode = nil
                invalidation.due = now().addingTimeInterval(invalidation.pollInterval(at: now()))
            } catch {
                if invalidation.id != nil, error.kind == .malformed {
                    // The CDN does not know the invalidation any more: create another one.
                    invalidation = CDNInvalidation(invalidation.documents, of: documents, at: now())
                }
                invalidation.failures += 1
                status.invalidationFailure = "\(error)"
                status.invalidationFailureCode = error.code
                status.invalidationFailureReference = error.reference
                invalidation.due = now().addingTimeInterval(
                    Backoff.publication.delay(
                        failures: invalidation.failures, retryAfter: error.retryAfter, random: random()))
            }
            invalidations[0] = invalidation
        }
    }

    private mutating func probe(_ documents: IssuerDocuments) async {
        let isPublished = publisher != nil
        let isSettled = !isPublished || status.lastSuccess != nil && status.failure == nil && invalidations.isEmpty
        let began = now()
        status.lastProbe = began
        probeDue = began.addingTimeInterval(interval)
        guard let reader else {
            // Probing is disabled: assume that published documents are visible.
            if isSettled {
                status.evidence = PublicEvidence(
                    read: began, served: documents.keyIDs, expected: documents.keyIDs, isSettled: true)
            } else {
                probeDue = began.addingTimeInterval(min(interval, 15))
            }
            return
        }
        var responses: [IssuerDocumentKind: IssuerResponse] = [:]
        for document in documents.all { responses[document.kind] = await reader.read(document.kind) }
        let verdict = ProbeVerdict(responses, expected: documents, isPublished: isPublished)
        status.verdict = verdict
        if let evidence = ProbeVerdict.evidence(
            responses, expected: documents, isPublished: isPublished, isSettled: isSettled, at: began)
        {
            status.evidence = evidence
        }
        let pause: Double
        switch verdict {
        case .matches: pause = Self.spread(interval, random: random())
        case .lacksKeys, .differs:
            // An upload by an operator takes longer than a CDN.
            pause = isPublished ? 15 : 60
            // The CDN serves old documents although the current ones are stored.
            if publisher?.edgeCache != nil, !isDryRun, isSettled, began >= repairDue {
                addInvalidation(of: documents.all.map(\.kind), in: documents)
            }
        case .ownResponse, .unreachable, .holds, .holdsOthers, .rejects: pause = 60
        }
        probeDue = began.addingTimeInterval(min(interval, pause))
    }

    /// Seconds from any invalidation to one that only a reading of the public URL causes: twice the documents' maximum age.
    private static let repairInterval = 600.0
}
