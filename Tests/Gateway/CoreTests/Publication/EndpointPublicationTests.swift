import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Testing

@Suite("The publication of an endpoint")
struct EndpointPublicationTests {
    private let clock = ManualClock(now: ExampleEndpoint.now)
    private let edge = FakeEdge()
    private let publisher: FakePublisher
    private let reader = FakeIssuerReader()
    private let documents: IssuerDocuments
    private var publication: EndpointPublication

    init() throws {
        let publisher = FakePublisher(edge: edge)
        self.publisher = publisher
        documents = try .example(isInvalidated: true)
        publication = EndpointPublication(
            publisher: publisher, reader: reader, interval: 300, now: { [clock] in clock.now }, random: { 1 })
    }

    private func seconds(_ date: Date) -> Double { date.timeIntervalSince(clock.now) }

    /// Advances the time to the next step, and does it.
    private mutating func next(after report: EndpointPublication.Report) async -> EndpointPublication.Report {
        clock.advance(by: max(0, seconds(report.next)))
        return await publication.step(documents)
    }

    @Test("Documents are written, the CDN is invalidated, and the public URL is read until it serves them")
    mutating func wholeWay() async throws {
        var report = await publication.step(documents)
        #expect(report.outcomes.map(\.result) == [.written, .written])
        #expect(edge.invalidations.map(\.documents) == [[.keys, .discovery]])
        #expect(report.status.invalidatingSince == clock.now)
        #expect(report.status.verdict == .unreachable("/certs: it answers 404"))
        #expect(seconds(report.next) == 2)

        report = await next(after: report)
        #expect(report.outcomes.isEmpty)
        #expect(report.status.invalidatingSince != nil)
        edge.complete()
        reader.serve(publisher)
        report = await next(after: report)
        #expect(report.status.invalidatingSince == nil && report.status.lastInvalidation == clock.now)
        #expect(report.status.verdict == .matches && report.status.problem == nil)
    }

    @Test(
        "Endpoints that began together do not stay together: an interval is up to a fifth shorter", arguments: [0, 0.5])
    func spread(random: Double) async throws {
        var publication = EndpointPublication(
            publisher: publisher, reader: reader, interval: 300, now: { [clock] in clock.now }, random: { random })
        publisher.hold(documents)
        reader.serve(publisher)
        for _ in 0..<3 {
            let report = await publication.step(documents)
            #expect(report.status.verdict == .matches)
            #expect(abs(seconds(report.next) - (240 + 60 * random)) < 0.001)
            clock.advance(by: seconds(report.next))
        }
    }

    @Test("Without changes each document is read once per interval, and nothing is written")
    mutating func quiet() async throws {
        publisher.hold(documents)
        reader.serve(publisher)
        var report = await publication.step(documents)
        for _ in 0..<10 {
            #expect(report.outcomes.map(\.result) == [.unchanged, .unchanged])
            #expect(seconds(report.next) == 300)
            report = await next(after: report)
        }
        #expect(publisher.calls.count == 22 && publisher.puts.isEmpty)
        #expect(edge.invalidations.isEmpty)
    }

    @Test("Failures are retried with backoff, have a reason, and end with the first success")
    mutating func backoff() async throws {
        publisher.fail(
            PublishError(.unavailable, "away"), PublishError(.unavailable, "away"),
            PublishError(.throttled, "slow down", retryAfter: 30))
        var report = await publication.step(documents)
        #expect(report.status.failure == "away" && seconds(report.next) == 2)
        report = await next(after: report)
        #expect(seconds(report.next) == 4)
        report = await next(after: report)
        #expect(report.status.failure == "slow down" && seconds(report.next) == 30)
        report = await next(after: report)
        #expect(report.status.failure == nil && report.status.lastSuccess == clock.now)
    }

    @Test("New documents are published immediately, also during backoff")
    mutating func change() async throws {
        publisher.fail(PublishError(.unavailable, "away"))
        _ = await publication.step(documents)
        let report = await publication.step(try .example(revision: 2, keys: [TestKeys.rsa, TestKeys.ec]))
        #expect(report.outcomes.map(\.result) == [.written, .written])
        #expect(publisher[.keys]?.stamp?.revision == 2)
    }

    @Test("An invalidation that is rejected is retried with the same reference")
    mutating func throttledEdge() async throws {
        edge.fail(PublishError(.throttled, "too many invalidations"), PublishError(.unavailable, "cut"))
        var report = await publication.step(documents)
        #expect(report.status.invalidationFailure == "too many invalidations" && report.status.failure == nil)
        report = await next(after: report)
        #expect(report.status.invalidationFailure == "cut")
        report = await next(after: report)
        #expect(report.status.invalidationFailure == nil)
        #expect(edge.invalidations.count == 1)
        #expect(report.status.invalidatingSince == ExampleEndpoint.now)
    }

    @Test("An invalidation that an earlier leader has not completed is created again, and its end is reported")
    mutating func earlierLeader() async throws {
        let pending = try IssuerDocuments.example()
        publisher.hold(pending)
        reader.serve(publisher)
        var report = await publication.step(pending)
        #expect(report.outcomes.map(\.result) == [.unchanged, .unchanged])
        #expect(edge.invalidations.map(\.documents) == [[.keys, .discovery]])
        #expect(report.status.evidence?.isSettled == false && report.status.invalidated == nil)
        edge.complete()
        clock.advance(by: 2)
        report = await publication.step(pending)
        #expect(report.status.evidence?.isSettled == true && edge.invalidations.count == 1)
        #expect(
            report.status.invalidated
                == .init(keys: pending.keys.stamp.digest, discovery: pending.discovery.stamp.digest))
    }

    @Test("While the CDN does not respond, several changes become one invalidation")
    mutating func joined() async throws {
        publisher.hold(documents)
        _ = await publication.step(documents)
        var last = documents
        for revision in 2...4 {
            edge.fail(PublishError(.unavailable, "away"))
            last = try .example(revision: revision, keys: [TestKeys.rsa, try SigningKey.generate(.es256)])
            _ = await publication.step(last)
        }
        #expect(edge.invalidations.isEmpty)
        clock.advance(by: 300)
        _ = await publication.step(last)
        #expect(edge.invalidations.map(\.documents) == [[.keys, .discovery]])
    }

    @Test("An invalidation that the CDN does not know any more is created again")
    mutating func lost() async throws {
        var report = await publication.step(documents)
        edge.fail(PublishError(.malformed, "no such invalidation"))
        report = await next(after: report)
        #expect(report.status.invalidatingSince != nil)
        report = await next(after: report)
        #expect(edge.invalidations.count == 2)
        #expect(Set(edge.invalidations.map(\.reference)).count == 2)
    }

    @Test("A CDN that serves old documents is invalidated again, every ten minutes at most")
    mutating func staleEdge() async throws {
        let old = FakePublisher()
        old.hold(try .example(keys: [TestKeys.ec]))
        reader.serve(old)
        publisher.hold(documents)
        edge.complete()
        var report = await publication.step(documents)
        #expect(report.status.verdict == .lacksKeys([TestKeys.rsa.keyID]))
        let start = clock.now
        while clock.now.timeIntervalSince(start) < 1_500 {
            edge.complete()
            report = await next(after: report)
        }
        #expect(edge.invalidations.count == 3)
    }

    @Test("A conflict is reported, persists, and causes no invalidation")
    mutating func refusal() async throws {
        publisher.hold(try .example(owner: "theirs"))
        let report = await publication.step(documents)
        #expect(report.status.failure?.contains("publish --take-over") == true)
        #expect(seconds(report.next) >= 60 || report.status.verdict != .matches)
        #expect(edge.invalidations.isEmpty && publisher.puts.isEmpty)
    }

    @Test("For an hour after a revocation stored documents are read every 5 s, and others' keys are overwritten")
    mutating func afterRevocation() async throws {
        let ours = try IssuerDocuments.example(isInvalidated: true, revoked: clock.now)
        let foreign = try IssuerDocuments.example(owner: "owner", revision: 1_000_000, keys: [TestKeys.ec])
        publisher.hold(ours)
        reader.serve(publisher)
        var mayOverwrite = true
        for step in 0..<2 {
            let mayWrite = mayOverwrite
            var publication = EndpointPublication(
                publisher: publisher, reader: reader, interval: 300, mayOverwrite: { _ in mayWrite },
                now: { [clock] in clock.now }, random: { 1 })
            var report = await publication.step(ours)
            #expect(seconds(report.next) == 5)
            var invalidations: [Date] = []
            while clock.now.timeIntervalSince(ExampleEndpoint.now) < Double(200 * (step + 1)) {
                publisher.hold(foreign)
                let before = edge.invalidations.count
                clock.advance(by: 5)
                report = await publication.step(ours)
                edge.complete()
                if edge.invalidations.count > before { invalidations.append(clock.now) }
                #expect(report.outcomes.contains(where: \.isOverwritten) == mayWrite)
                if mayWrite { #expect(publisher[.keys]?.content == ours[.keys]) }
                if !mayWrite { break }
            }
            #expect(zip(invalidations, invalidations.dropFirst()).allSatisfy { $1.timeIntervalSince($0) >= 60 })
            #expect(invalidations.isEmpty != mayWrite)
            mayOverwrite = false
            publisher.hold(ours)
        }
        clock.advance(by: 3_600)
        var publication = EndpointPublication(
            publisher: publisher, reader: reader, interval: 300, mayOverwrite: { _ in true },
            now: { [clock] in clock.now }, random: { 1 })
        var report = await publication.step(ours)
        #expect(seconds(report.next) == 300)
        publisher.hold(foreign)
        clock.advance(by: 300)
        report = await publication.step(ours)
        #expect(report.status.failure?.contains("later revision") == true)
    }

    @Test("A restarted process overwrites others' keys, too, where the ring records that it has published there")
    mutating func afterRestart() async throws {
        let foreign = try IssuerDocuments.example(owner: "theirs", revision: 1_000_000, keys: [TestKeys.ec])
        for (location, isOverwritten) in [(publisher.location, true), ("elsewhere", false)] {
            publisher.hold(foreign)
            var publication = EndpointPublication(
                publisher: publisher, reader: reader, interval: 300, mayOverwrite: { _ in true },
                now: { [clock] in clock.now }, random: { 1 })
            let report = await publication.step(try .example(revoked: clock.now, location: location))
            #expect(report.outcomes.contains(where: \.isOverwritten) == isOverwritten)
            #expect(report.status.lastOwner == (isOverwritten ? "owner" : nil))
        }
    }

    @Test("A location that another ring has published to is not overwritten after a revocation either")
    mutating func otherLocation() async throws {
        publisher.hold(try .example(owner: "theirs"))
        var publication = EndpointPublication(
            publisher: publisher, reader: reader, interval: 300, mayOverwrite: { _ in true },
            now: { [clock] in clock.now }, random: { 1 })
        let report = await publication.step(try .example(revoked: clock.now))
        #expect(report.status.failure?.contains("another key ring") == true && publisher.puts.isEmpty)
    }

    @Test("The public URL is read when a new key is due to sign, not an interval later")
    mutating func wanted() async throws {
        let wanted = clock.now.addingTimeInterval(50)
        let documents = try IssuerDocuments.example(readingDue: wanted, isInvalidated: true)
        publisher.hold(documents)
        reader.serve(publisher)
        var report = await publication.step(documents)
        #expect(seconds(report.next) == 50)
        let reads = reader.reads
        clock.advance(by: 50)
        report = await publication.step(documents)
        #expect(reader.reads == reads + 2 && report.status.evidence?.read == wanted)
        #expect(seconds(report.next) == 250)
    }

    @Test("Without a publisher the public URL is read, and a gateway's own response is valid")
    func byHand() async throws {
        reader.answer(.content(documents[.keys], isOwn: true), to: .keys)
        reader.answer(.content(documents[.discovery], isOwn: true), to: .discovery)
        var publication = EndpointPublication(
            publisher: nil, reader: reader, interval: 300, now: { [clock] in clock.now }, random: { 1 })
        let report = await publication.step(documents)
        #expect(report.status.verdict == .matches && report.status.location == nil)
        #expect(seconds(report.next) == 300)
    }
}
