package import FoundationEssentials
package import GatewayPluginAPI

/// The publication of one endpoint, step by step: rounds at the place, invalidation of the edges, and reading the public
/// URL back. It never waits by itself: each step says when the next is due.
package struct EndpointPublication: Sendable {
    /// What a step did that others want to know.
    package struct Report: Sendable {
        /// Of a round, where one was made.
        package var outcomes: [PublicationRound.Outcome] = []
        package var status: PublicationStatus
        /// When the next step is due, unless the documents change before.
        package var next: Date
    }

    private let publisher: (any DiscoveryPublisher)?
    private let reader: (any IssuerReading)?
    /// Seconds from one round to the next, and from one reading to the next, where all is well.
    private let interval: Double
    private let takesOver: Bool
    private let onlyLooks: Bool
    private let now: @Sendable () -> Date
    private let random: @Sendable () -> Double

    private let round = PublicationRound()
    private var seen: IssuerDocuments?
    private var failures = 0
    private var roundDue = Date.distantPast
    private var probeDue = Date.distantPast
    private var invalidations: [EdgeInvalidation] = []
    private var edgeRepairDue = Date.distantPast
    package private(set) var status: PublicationStatus

    /// - Parameters:
    ///   - publisher: nil where an operator uploads by hand; then the public URL is only read.
    ///   - reader: nil where the public URL is not to be read.
    ///   - interval: seconds.
    ///   - takesOver: whether what another key ring published may be overwritten.
    ///   - onlyLooks: whether nothing is written.
    ///   - random: from 0 to 1, for backoff.
    package init(
        publisher: (any DiscoveryPublisher)?, reader: (any IssuerReading)?, interval: Int, takesOver: Bool = false,
        onlyLooks: Bool = false, now: @escaping @Sendable () -> Date, random: @escaping @Sendable () -> Double
    ) {
        self.publisher = publisher
        self.reader = reader
        self.interval = Double(interval)
        self.takesOver = takesOver
        self.onlyLooks = onlyLooks
        self.now = now
        self.random = random
        status = PublicationStatus(place: publisher?.location)
    }

    /// Does all that is due.
    package mutating func step(_ documents: IssuerDocuments) async -> Report {
        var report = Report(status: status, next: .distantFuture)
        if documents != seen {
            seen = documents
            (failures, roundDue, probeDue) = (0, .distantPast, .distantPast)
        }
        bringForward(documents.readingWanted)
        if let publisher, now() >= roundDue { report.outcomes = await publish(documents, through: publisher) }
        if let edge = publisher?.edgeCache { await invalidate(documents, at: edge) }
        if now() >= probeDue { await probe(documents) }
        bringForward(documents.readingWanted)
        report.status = status
        if publisher != nil { report.next = min(report.next, roundDue) }
        if let first = invalidations.first { report.next = min(report.next, first.due) }
        report.next = min(report.next, probeDue)
        return report
    }

    /// Right before a new key signs, the public URL is read once more.
    private mutating func bringForward(_ wanted: Date?) {
        if let wanted, status.lastProbe.map({ $0 < wanted }) ?? true { probeDue = min(probeDue, wanted) }
    }

    private mutating func publish(
        _ documents: IssuerDocuments, through publisher: any DiscoveryPublisher
    ) async -> [PublicationRound.Outcome] {
        let outcomes = await round.run(
            documents, through: publisher, takeOver: takesOver, onlyLooks: onlyLooks)
        let written = outcomes.filter { $0.result == .written }.map(\.document.kind)
        if publisher.edgeCache != nil, !written.isEmpty { forget(written, of: documents) }
        // What was written shows soon.
        if !written.isEmpty { probeDue = .distantPast }
        switch outcomes.last?.result {
        case .refused(let refusal): fail("\(refusal)", retryAfter: 60)
        case .failed(let error): fail("\(error)", retryAfter: error.retryAfter, reference: error.reference)
        case .none, .unchanged, .written, .stale:
            failures = 0
            status.failure = nil
            status.lastSuccess = now()
            roundDue = now().addingTimeInterval(interval)
        }
        return outcomes
    }

    private mutating func fail(_ reason: String, retryAfter: Int?, reference: String? = nil) {
        failures += 1
        status.failure = reason
        status.failureReference = reference
        roundDue = now().addingTimeInterval(
            Backoff.publication.delay(failures: failures, retryAfter: retryAfter, random: random()))
    }

    /// What is not asked for yet goes together, so that an edge that is away for long is asked for one invalidation.
    private mutating func forget(_ documents: [IssuerDocumentKind], of state: IssuerDocuments) {
        let waiting = invalidations.filter { $0.id == nil }.flatMap(\.documents)
        invalidations.removeAll { $0.id == nil }
        let all = IssuerDocumentKind.allCases.filter { documents.contains($0) || waiting.contains($0) }
        invalidations.append(EdgeInvalidation(all, of: state, at: now()))
        edgeRepairDue = now().addingTimeInterval(Self.edgeRepairInterval)
        status.invalidatingSince = invalidations.first?.since
    }

    private mutating func invalidate(_ documents: IssuerDocuments, at edge: any EdgeCacheInvalidating) async {
        while var invalidation = invalidations.first, now() >= invalidation.due {
            do throws(PublishError) {
                if let id = invalidation.id {
                    if try await edge.isComplete(id) {
                        invalidations.removeFirst()
                        status.edgeFailure = nil
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
                status.edgeFailure = nil
                invalidation.due = now().addingTimeInterval(invalidation.pollInterval(at: now()))
            } catch {
                if invalidation.id != nil, error.kind == .malformed {
                    // Nobody knows it any more: it is asked for anew.
                    invalidation = EdgeInvalidation(invalidation.documents, of: documents, at: now())
                }
                invalidation.failures += 1
                status.edgeFailure = "\(error)"
                status.edgeFailureReference = error.reference
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
            // Nobody reads: what was done has to be taken for what is seen.
            if isSettled {
                status.evidence = PublicEvidence(
                    read: began, served: documents.keyIDs, expected: documents.keyIDs, isSettled: true)
            } else {
                probeDue = began.addingTimeInterval(min(interval, 15))
            }
            return
        }
        var answers: [IssuerDocumentKind: IssuerAnswer] = [:]
        for kind in IssuerDocumentKind.allCases { answers[kind] = await reader.read(kind) }
        let verdict = ProbeVerdict(answers, expected: documents, isPublished: isPublished)
        status.verdict = verdict
        if let evidence = ProbeVerdict.evidence(
            answers, expected: documents, isPublished: isPublished, isSettled: isSettled, at: began)
        {
            status.evidence = evidence
        }
        let soon: Double
        switch verdict {
        case .matches: soon = interval
        case .lacksKeys, .differs:
            // An operator takes longer than an edge.
            soon = isPublished ? 15 : 60
            // An edge that goes on with old documents although the place has the new ones.
            if publisher?.edgeCache != nil, !onlyLooks, isSettled, began >= edgeRepairDue {
                forget(IssuerDocumentKind.allCases, of: documents)
            }
        case .ownAnswer, .unreachable: soon = 60
        }
        probeDue = began.addingTimeInterval(min(interval, soon))
    }

    /// Seconds from any invalidation to one that only the public URL gives reason for; twice the documents' age.
    private static let edgeRepairInterval = 600.0
}
