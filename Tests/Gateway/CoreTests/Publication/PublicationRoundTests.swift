import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import Testing

@Suite("A round of publication")
struct PublicationRoundTests {
    private let publisher = FakePublisher()
    private let round = PublicationRound()

    private func results(_ outcomes: [PublicationRound.Outcome]) -> [PublicationRound.Result] { outcomes.map(\.result) }

    @Test("writes the key set before the discovery document, and nothing where both are current")
    func order() async throws {
        let documents = try IssuerDocuments.example()
        #expect(results(await round.run(documents, through: publisher)) == [.written, .written])
        #expect(publisher.puts == [.keys, .discovery])
        #expect(publisher[.keys]?.content == documents[.keys])
        #expect(publisher[.keys]?.stamp?.owner == "owner")
        #expect(results(await round.run(documents, through: publisher)) == [.unchanged, .unchanged])
        #expect(publisher.puts.count == 2)
        #expect(publisher.calls.count == 6)
    }

    @Test("writes no discovery document whose key set could not be written")
    func failure() async throws {
        let documents = try IssuerDocuments.example()
        let error = PublishError(.unavailable, "away")
        publisher.fail(error)
        #expect(results(await round.run(documents, through: publisher)) == [.failed(error)])
        #expect(publisher[.discovery] == nil)
    }

    @Test("overwrites a document that was edited, even where its stamp is unchanged")
    func drift() async throws {
        let documents = try IssuerDocuments.example()
        _ = await round.run(documents, through: publisher)
        publisher[.keys]?.content = [0x7B, 0x7D]
        #expect(results(await round.run(documents, through: publisher)) == [.written, .unchanged])
        #expect(publisher[.keys]?.content == documents[.keys])
    }

    @Test("decides again after a conflict")
    func conflict() async throws {
        let documents = try IssuerDocuments.example()
        publisher.beforeNextPut { [publisher] in publisher.hold(documents) }
        #expect(results(await round.run(documents, through: publisher)) == [.unchanged, .unchanged])
        #expect(publisher.puts == [.keys])
    }

    @Test("does not overwrite documents of another owner, also after a conflict, without --take-over")
    func foreignOwner() async throws {
        let documents = try IssuerDocuments.example()
        let foreign = try IssuerDocuments.example(owner: "theirs")
        publisher.beforeNextPut { [publisher] in publisher.hold(foreign) }
        #expect(results(await round.run(documents, through: publisher)) == [.rejected(.foreignOwner("theirs"))])
        #expect(publisher[.keys]?.stamp?.owner == "theirs")
        #expect(results(await round.run(documents, through: publisher, takeOver: true)) == [.written, .written])
        #expect(publisher[.keys]?.stamp?.owner == "owner")
    }

    @Test("does not write the key set where the discovery document belongs to another owner")
    func foreignDiscovery() async throws {
        publisher.hold(try .example(owner: "theirs"))
        publisher[.keys] = nil
        #expect(
            results(await round.run(try .example(), through: publisher)) == [.rejected(.foreignOwner("theirs"))])
        #expect(publisher[.keys] == nil)
    }

    @Test("reports the written document although the next one has a conflict")
    func overtaken() async throws {
        let documents = try IssuerDocuments.example()
        publisher.beforeNextPut { [publisher] in
            publisher.beforeNextPut { publisher[.discovery] = .init(content: [1], stamp: nil, version: 0) }
        }
        #expect(results(await round.run(documents, through: publisher)) == [.written, .written])
        #expect(publisher[.discovery]?.content == documents[.discovery])
    }

    @Test("never overwrites documents of a newer revision")
    func revision() async throws {
        publisher.hold(try .example(revision: 5))
        let outcomes = await round.run(try .example(revision: 4), through: publisher)
        #expect(results(outcomes) == [.rejected(.newerRevision(5))])
        #expect(publisher.puts.isEmpty)
    }

    @Test("writes nothing in a dry run")
    func check() async throws {
        let documents = try IssuerDocuments.example()
        #expect(results(await round.run(documents, through: publisher, isDryRun: true)) == [.stale, .stale])
        #expect(publisher.puts.isEmpty)
    }
}
