import GatewayPluginAPI
import JSON

extension ConformanceFindings {
    /// Plans are values: the same block of the same endpoint gives the same location.
    mutating func checkPlans<Plugin: ProviderPlugin>(of example: ConformanceExample<Plugin>, settings: String) {
        func plan(_ name: String) throws -> PublisherPlan? {
            let settings = try JSONValue(parsing: Array(settings.utf8)).decode(Plugin.PublisherSettings.self)
            return try Plugin.publisher(for: example.endpoint(name: name), settings: settings)
        }
        func location(_ name: String) throws -> String? { try plan(name)?.location }
        do {
            guard let one = try location("one"), let two = try location("two") else {
                return add(.publisherPlan, "there is no plan; return one, or leave publisherSettings out of the check")
            }
            expect(
                one != two, .publisherPlan,
                "two endpoints have the location \(Quotation.of(one)); add the issuer's host or path to it")
            if let keys = try plan("one")?.keyHandOver { check(keys.propagation) }
            expect(try location("one") == one, .publisherPlan, "the location of the same block differs")
        } catch {
            add(.publisherPlan, "a valid block is rejected: \(error)")
        }
    }

    /// Writes a document twice, and tries writes whose condition does not hold.
    mutating func check(_ publisher: any DiscoveryPublisher, _ kind: IssuerDocumentKind) async throws(PublishError) {
        expect(
            try await publisher.stored(kind) == nil, .publisherReads, "\(kind.path): an empty store has a document")
        let first = Array(#"{"first":true}"#.utf8)
        let second = Array(#"{"second":2}"#.utf8)
        try await checkRejected(publisher, kind, second, .version("none"), while: nil)
        let one = try await publisher.put(kind, first, stamp: Self.stamp(first, 1), if: .absent)
        let stored = StoredDocument(version: one, stamp: Self.stamp(first, 1), length: first.count)
        try await checkStored(publisher, kind, stored)
        try await checkRejected(publisher, kind, second, .absent, while: stored)
        try await checkRejected(publisher, kind, second, .version("none"), while: stored)
        let two = try await publisher.put(kind, second, stamp: Self.stamp(second, 2), if: .version(one))
        let replaced = StoredDocument(version: two, stamp: Self.stamp(second, 2), length: second.count)
        expect(two != one, .publisherConditions, "\(kind.path): two writes have the version \(Quotation.of(one))")
        try await checkStored(publisher, kind, replaced)
        try await checkRejected(publisher, kind, first, .version(one), while: replaced)
    }

    private mutating func checkStored(
        _ publisher: any DiscoveryPublisher, _ kind: IssuerDocumentKind, _ expected: StoredDocument?
    ) async throws(PublishError) {
        let stored = try await publisher.stored(kind)
        let shown = stored.map { "\($0)" } ?? "nil"
        expect(
            stored == expected, .publisherReads,
            "\(kind.path): stored is \(shown); expected \(expected.map { "\($0)" } ?? "nil")")
    }

    private mutating func checkRejected(
        _ publisher: any DiscoveryPublisher, _ kind: IssuerDocumentKind, _ content: [UInt8], _ condition: PutCondition,
        while expected: StoredDocument?
    ) async throws(PublishError) {
        do throws(PublishError) {
            _ = try await publisher.put(kind, content, stamp: Self.stamp(content, 3), if: condition)
            add(.publisherConditions, "\(kind.path): a write with the condition \(condition) is accepted")
        } catch {
            expect(
                error.kind == .conflict, .publisherConditions,
                "\(kind.path): a write with the condition \(condition) throws \(error.kind.rawValue): \(error)")
        }
        try await checkStored(publisher, kind, expected)
    }

    private static func stamp(_ content: [UInt8], _ revision: Int) -> DocumentStamp {
        DocumentStamp(owner: "conformance", revision: revision, digest: DocumentStamp.digest(of: content))
    }
}
