import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import Testing

@Suite("A round of publication")
struct PublicationRoundTests {
    private let publisher = FakePublisher()
    private let round = PublicationRound()

    private func results(_ outcomes: [PublicationRound.Outcome]) -> [PublicationRound.Result] { outcomes.map(\.result) }

    @Test("writes the key set before the discovery document, and sends nothing when it finds them as they should be")
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

    @Test("repairs what somebody changed by hand, even where the stamp is still there")
    func drift() async throws {
        let documents = try IssuerDocuments.example()
        _ = await round.run(documents, through: publisher)
        publisher[.keys]?.content = [0x7B, 0x7D]
        #expect(results(await round.run(documents, through: publisher)) == [.written, .unchanged])
        #expect(publisher[.keys]?.content == documents[.keys])
    }

    @Test("decides once more where somebody came between the look and the write")
    func conflict() async throws {
        let documents = try IssuerDocuments.example()
        publisher.beforeNextPut { [publisher] in publisher.hold(documents) }
        #expect(results(await round.run(documents, through: publisher)) == [.unchanged, .unchanged])
        #expect(publisher.puts == [.keys])
    }

    @Test("leaves a foreign owner's documents alone, also one that came in between, until it may take over")
    func foreignOwner() async throws {
        let documents = try IssuerDocuments.example()
        let foreign = try IssuerDocuments.example(owner: "theirs")
        publisher.beforeNextPut { [publisher] in publisher.hold(foreign) }
        #expect(results(await round.run(documents, through: publisher)) == [.refused(.foreignOwner("theirs"))])
        #expect(publisher[.keys]?.stamp?.owner == "theirs")
        #expect(results(await round.run(documents, through: publisher, takeOver: true)) == [.written, .written])
        #expect(publisher[.keys]?.stamp?.owner == "owner")
    }

    @Test("leaves the key set alone as well where only the discovery document is a foreign owner's")
    func foreignDiscovery() async throws {
        publisher.hold(try .example(owner: "theirs"))
        publisher[.keys] = nil
        #expect(
            results(await round.run(try .example(), through: publisher)) == [.refused(.foreignOwner("theirs"))])
        #expect(publisher[.keys] == nil)
    }

    @Test("tells what it has written although somebody overtakes it with the next")
    func overtaken() async throws {
        let documents = try IssuerDocuments.example()
        publisher.beforeNextPut { [publisher] in
            publisher.beforeNextPut { publisher[.discovery] = .init(content: [1], stamp: nil, version: 0) }
        }
        #expect(results(await round.run(documents, through: publisher)) == [.written, .written])
        #expect(publisher[.discovery]?.content == documents[.discovery])
    }

    @Test("never puts an older ring's documents over a newer one's")
    func revision() async throws {
        publisher.hold(try .example(revision: 5))
        let outcomes = await round.run(try .example(revision: 4), through: publisher)
        #expect(results(outcomes) == [.refused(.newerRevision(5))])
        #expect(publisher.puts.isEmpty)
    }

    @Test("only looks where that is wanted")
    func check() async throws {
        let documents = try IssuerDocuments.example()
        #expect(results(await round.run(documents, through: publisher, onlyLooks: true)) == [.stale, .stale])
        #expect(publisher.puts.isEmpty)
    }
}
